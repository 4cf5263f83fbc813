"""The README keeps its word: its Python runs, and its tables are those of the code."""

import re
from pathlib import Path

import pytest

from experiments.readme import TABLES, updated

README = Path(__file__).resolve().parent.parent / 'README.md'
SNIPPETS = re.findall(r'```python\n(.*?)```', README.read_text(), re.DOTALL)


@pytest.mark.parametrize('index', range(len(SNIPPETS)))
def test_the_python_of_the_readme_runs(index, capsys):
  exec(compile(SNIPPETS[index], 'README.md', 'exec'), {})
  assert capsys.readouterr().out


def test_there_is_python_in_the_readme():
  assert SNIPPETS


@pytest.mark.parametrize('name', TABLES)
def test_the_tables_of_the_readme_are_those_of_the_code(name):
  text = README.read_text()
  assert f'<!-- table: {name} -->' in text
  assert updated(text, {name: TABLES[name]}) == text, 'run `python -m experiments.readme`'
