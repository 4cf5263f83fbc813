"""What a config must hold before anything is made from it."""

from collections.abc import Mapping
from typing import Any

from nn_zoo import named
from nn_zoo.errors import InputError

Config = Mapping[str, Any]

SECTIONS = ('data', 'model', 'task', 'augment', 'optimizer', 'descend', 'train')
NAMED = ('data', 'model', 'task', 'optimizer')

# The least value of each number, and the values of each word.
LEAST = {
  'train.steps': 1,
  'train.batch_size': 1,
  'train.eval_batch_size': 1,
  'train.log_every': 1,
  'train.eval_every': 0,
  'train.steps_per_call': 0,
  'train.patience': 0,
  'descend.accumulate': 1,
  'optimizer.learning_rate': 0,
  'optimizer.weight_decay': 0,
  'optimizer.clip_norm': 0,
  'optimizer.clip_value': 0,
  'optimizer.average': 0,
  'task.l1': 0,
  'task.l2': 0,
  'task.label_smoothing': 0,
  'task.top_k': 0,
}
BELOW = {'optimizer.average': 1, 'task.label_smoothing': 1}
WORDS = {
  'train.mode': ('min', 'max'),
  'train.select': ('last', 'best'),
  'train.sampling': ('shuffled', 'balanced'),
  'train.matmul_precision': ('', 'bfloat16', 'tensorfloat32', 'float32'),
}


def check_config(config: Config) -> None:
  """Checks sections, the keys of `train`, ranges and words; what needs the tables is checked by `build`.

  Raises:
    InputError: the first thing that does not fit.
  """
  for name in (*SECTIONS, 'seed'):
    if name not in config:
      raise InputError(f'{name} is missing; a config has {", ".join(SECTIONS)} and seed')
  for name, section in config.items():
    if name not in (*SECTIONS, 'seed'):
      near = named.nearest(name, SECTIONS)
      raise InputError(f'{name}: no such section.{near} A config has {", ".join(SECTIONS)}, seed')
    if name in SECTIONS and not isinstance(section, Mapping):
      raise InputError(f'{name}={section!r}: expected a section with keys')
    if name in NAMED and not isinstance(section.get('name', None), str):
      raise InputError(f'{name}.name: expected a string')
  seed = config['seed']
  if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
    raise InputError(f'seed={seed!r}: expected an integer of 0 or more')
  named.check(_train, 'train', 'train', (), 0, config['train'])
  _check_values(config)
  train, accumulate = config['train'], config['descend'].get('accumulate', 1)
  if train['batch_size'] % accumulate:
    raise InputError(
      f'descend.accumulate={accumulate} does not divide train.batch_size={train["batch_size"]}'
    )
  if train['select'] == 'best' and not train['monitor']:
    raise InputError("train.select='best' needs train.monitor, the metric that decides")


def _train(
  *,
  steps: int,
  batch_size: int,
  eval_batch_size: int,
  log_every: int,
  eval_every: int,
  steps_per_call: int,
  monitor: str,
  mode: str,
  patience: int,
  select: str,
  sampling: str,
  start: str,
  start_keep: tuple[str, ...],
  watch: bool = False,
  matmul_precision: str = '',
):
  """The keys of config.train and their types.

  `fit`, `Balanced`, `started`, `watching` and `precise` explain them.
  """


def _check_values(config: Config) -> None:
  for section in SECTIONS:
    for key, value in config[section].items():
      where = f'{section}.{key}'
      if where in LEAST or where in BELOW:
        if isinstance(value, bool) or not isinstance(value, int | float):
          raise InputError(f'{where}={value!r}: expected a number')
        if not value >= LEAST[where]:
          raise InputError(f'{where}={value!r}: expected {LEAST[where]} or more')
        if where in BELOW and not value < BELOW[where]:
          raise InputError(f'{where}={value!r}: expected less than {BELOW[where]}')
      if where in WORDS and value not in WORDS[where]:
        raise InputError(f'{where}={value!r}: expected {" or ".join(map(repr, WORDS[where]))}')
