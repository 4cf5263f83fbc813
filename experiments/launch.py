"""What all launchers share: flags, a config file with overrides, and errors in one line with exit code 2."""

import ast
import importlib.util
import logging as standard_logging
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from absl import app, flags, logging
from ml_collections import ConfigDict, config_flags

from nn_zoo.errors import InputError
from nn_zoo.named import nearest
from nn_zoo.train.workdir import read_config

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_CONFIG = 'configs/lenet_digits.py'


def launch(main: Callable[[list[str]], Any], arguments: bool = False) -> None:
  """Runs main(argv) after the flags are parsed; an InputError becomes one line and exit code 2.

  Args:
    main: returns the exit code.
    arguments: whether it takes any besides flags.
  """
  if _help_asked(sys.argv):
    module = sys.modules['__main__']
    module.__doc__ = (module.__doc__ or '').replace('{configs}', config_list())

  def guarded(argv: list[str]) -> Any:
    if not flags.FLAGS['verbosity'].present:
      # Orbax tells every step it takes, and warns of what it was asked for; what fails it raises.
      logging.set_verbosity(logging.ERROR)
      for room in ('nn_zoo', 'experiments'):
        standard_logging.getLogger(room).setLevel(standard_logging.INFO)
    try:
      if argv[1:] and not arguments:
        raise InputError(f'{argv[1]!r}: expected only flags, such as --config={argv[1]}')
      return main(argv)
    except InputError as error:
      return fail(error)

  app.run(guarded, flags_parser=_parse)


def fail(error: Exception) -> int:
  """Prints one line to standard error; returns exit code 2."""
  sys.stderr.write('error: ' + ' '.join(str(error).split()) + '\n')
  return 2


def define_config() -> Any:
  """The flag --config=FILE with overrides --config.section.key=VALUE; returns its holder.

  The file is read here, so that each of its keys becomes a flag; one that cannot be read ends the process
  as any bad input does.
  """
  try:
    path, argv = _split(sys.argv)
    config = load_config(path)
    if not _help_asked(argv):
      _check_overrides(config, argv)
  except InputError as error:
    sys.exit(fail(error))
  text = f'config file (by default {DEFAULT_CONFIG}); --config.section.key=VALUE changes a value'
  return config_flags.DEFINE_config_dict('config', config, text, sys_argv=argv)


def plain(config: ConfigDict | Mapping) -> dict[str, Any]:
  """A config as nested dictionaries of plain values."""
  values = config.to_dict() if isinstance(config, ConfigDict) else config
  return {name: _tuples(value) for name, value in values.items()}


def config_path(argv: list[str]) -> str:
  """The config file that the command line names."""
  return _split(argv)[0]


def _split(argv: list[str]) -> tuple[str, list[str]]:
  # The file goes its own way: its keys must be known before the other flags can be read.
  path, rest, arguments = DEFAULT_CONFIG, [], iter(argv)
  for argument in arguments:
    if argument in ('--config', '-config'):
      path = next(arguments, '')
    elif argument.startswith(('--config=', '-config=')):
      path = argument.partition('=')[2]
    else:
      rest.append(argument)
  return path, rest


def config_list() -> str:
  """Every config with the first line of its docstring."""
  lines = []
  for path in sorted((ROOT / 'configs').glob('*.py')):
    if path.stem != '__init__':
      first = config_description(path).partition('\n')[0]
      lines.append(f'  configs/{path.name:<24} {first}')
  return '\n'.join(lines)


def config_description(path: Path) -> str:
  """The first paragraph of a config's docstring; '' if there is none."""
  doc = ast.get_docstring(ast.parse(path.read_text())) if path.is_file() else None
  return (doc or '').partition('\n\n')[0]


def load_config(path: str | Path) -> ConfigDict:
  """The ConfigDict of a config file, sought from the current folder, then beside `configs`.

  Raises:
    InputError: there is no such file, it cannot be run, or it defines no get_config.
  """
  file = next((p for p in (Path(path), ROOT / path) if p.is_file()), None)
  if file is None:
    known = sorted(p.name for p in (ROOT / 'configs').glob('*.py'))
    near = nearest(Path(path).name, known)
    raise InputError(f'--config={path}: no such file.{near} --help lists the configs')
  if file.suffix == '.json':
    return ConfigDict(read_config(file.parent))
  if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))
  spec = importlib.util.spec_from_file_location(f'config_{file.stem}', file)
  module = importlib.util.module_from_spec(spec)
  try:
    spec.loader.exec_module(module)
    return module.get_config()
  except (
    SyntaxError,
    NameError,
    AttributeError,
    ImportError,
    LookupError,
    TypeError,
    ValueError,
  ) as error:
    raise InputError(f'--config={path}: {type(error).__name__}: {error}') from error


def _parse(argv: list[str]) -> list[str]:
  try:
    return flags.FLAGS(_split(argv)[1])
  except flags.Error as error:
    sys.exit(fail(error))


def _help_asked(argv: list[str]) -> bool:
  return any(arg in ('--help', '-h', '-help', '--helpfull', '--helpshort') for arg in argv)


def _check_overrides(config: ConfigDict, argv: list[str]) -> None:
  for flag in (arg.lstrip('-') for arg in argv[1:]):
    if not flag.startswith('config.'):
      continue
    name, equals, text = flag.partition('=')
    if not equals:
      raise InputError(f'--{name}: expected --{name}=VALUE')
    node: Any = config
    for key in name.split('.')[1:]:
      if not isinstance(node, ConfigDict) or key not in node:
        known = {full.rsplit('.', 1)[-1]: full for full in _names(config)}
        inside = list(node) if isinstance(node, ConfigDict) else []
        near = nearest(key, inside) or nearest(key, known)
        raise InputError(f'--{name}: no such key.{near} There are: {", ".join(inside) or "none"}')
      node = node[key]
    _check_value(name, text, node)


def _check_value(name: str, text: str, value: Any) -> None:
  # The types that config_flags refuses with words of its own; the rest it says well enough.
  kinds = {bool: 'true or false', int: 'an integer such as 1000', float: 'a number such as 1e-3'}
  kind = type(value)
  if kind is bool:
    fits = text.lower() in ('true', 'false', '1', '0', 't', 'f')
  elif kind in kinds:
    fits = _parses(kind, text)
  else:
    return
  if not fits:
    raise InputError(f'--{name}={text}: expected {kinds[kind]}')


def _parses(kind: type, text: str) -> bool:
  try:
    kind(text)
  except ValueError:
    return False
  return True


def _names(config: ConfigDict, prefix: str = '') -> Iterator[str]:
  for key, value in config.items():
    yield prefix + key
    if isinstance(value, ConfigDict):
      yield from _names(value, f'{prefix}{key}.')


def _tuples(value: Any) -> Any:
  if isinstance(value, Mapping):
    return {name: _tuples(item) for name, item in value.items()}
  return tuple(_tuples(item) for item in value) if isinstance(value, list | tuple) else value
