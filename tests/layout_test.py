"""The rooms of the house: who may import whom, and what lies at the top level."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / 'nn_zoo'
# Each room with the rooms it may import besides itself, `errors` and `named`.
ALLOWED = {
  'task': set(),
  'native': set(),
  'ops': {'native'},
  'layers': {'ops'},
  'models': {'layers', 'ops'},
  'tasks': {'task', 'ops'},
  'data': {'task'},
  'train': {'task', 'ops', 'native'},
  'report': set(),
  'config': set(),
  'drawing': {'data', 'layers', 'models', 'ops', 'report', 'task', 'tasks'},
  'fitting': {'config', 'data', 'kinds', 'models'},
  'judge': {'data', 'models', 'tasks', 'train'},
  'kinds': {'data', 'likeness', 'report', 'tasks'},
  'likeness': {'data', 'judge', 'tasks'},
}
EVERYWHERE = {'errors', 'named'}
TOP_LEVEL = {'pyproject.toml', 'nn_zoo', 'experiments', 'configs', 'tests', 'README.md', 'LICENSE'}


def imported(path: Path) -> set[str]:
  """The rooms of nn_zoo that a file imports."""
  rooms = set()
  for node in ast.walk(ast.parse(path.read_text())):
    if isinstance(node, ast.ImportFrom) and node.module == 'nn_zoo':
      rooms |= {alias.name for alias in node.names}
    names = [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
    names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
    rooms |= {name.split('.')[1] for name in names if name.startswith('nn_zoo.')}
  return rooms


@pytest.mark.parametrize(
  'path', sorted(PACKAGE.rglob('*.py')), ids=lambda p: str(p.relative_to(ROOT))
)
def test_a_room_imports_only_what_the_plan_allows(path):
  room = path.relative_to(PACKAGE).parts[0].removesuffix('.py')
  if room in ('build', '__init__'):
    pytest.skip('build imports every room, and __init__ shows what users need')
  wrong = imported(path) - ALLOWED.get(room, set()) - EVERYWHERE - {room}
  assert not wrong, f'{path.name} imports {sorted(wrong)}'


@pytest.mark.parametrize(
  'path', sorted(PACKAGE.rglob('*.py')), ids=lambda p: str(p.relative_to(ROOT))
)
def test_only_launchers_import_build(path):
  assert path.name == 'build.py' or 'build' not in imported(path)


def test_the_top_level_holds_nothing_else():
  found = {path.name for path in ROOT.iterdir() if not path.name.startswith('.')}
  produced = {'runs', 'build', 'dist', 'nn_zoo.egg-info'}
  assert found >= TOP_LEVEL
  assert found <= TOP_LEVEL | produced


@pytest.mark.parametrize(
  'path', sorted(ROOT.glob('nn_zoo/**/*.py')), ids=lambda p: str(p.relative_to(ROOT))
)
def test_files_stay_short_enough_to_read(path):
  assert len(path.read_text().splitlines()) <= 250
