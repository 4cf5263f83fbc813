from pathlib import Path

import pytest
from absl import app

from experiments import fetch as launcher
from nn_zoo.data.fetch import data_root, fetch
from nn_zoo.data.homes import FILES
from nn_zoo.errors import InputError


def test_an_unknown_data_set_is_named_with_the_nearest():
  with pytest.raises(InputError, match=r"'mnits' .*Did you mean 'mnist'\? .*fashion_mnist, mnist"):
    fetch('mnits')


def test_a_folder_that_cannot_be_made_is_named(tmp_path, monkeypatch):
  (tmp_path / 'file').touch()
  monkeypatch.setenv('NN_ZOO_DATA', str(tmp_path / 'file'))
  with pytest.raises(InputError, match=f'^{tmp_path}/file/mnist: cannot be made'):
    fetch('mnist')


def test_the_folder_of_data_sets_has_a_default(monkeypatch):
  monkeypatch.setenv('NN_ZOO_DATA', '~/elsewhere')
  assert data_root() == Path.home() / 'elsewhere'
  monkeypatch.delenv('NN_ZOO_DATA')
  assert data_root() == Path.home() / '.cache' / 'nn_zoo'


@pytest.mark.parametrize('dataset', ['mnist', 'fashion_mnist'])
def test_the_published_files_are_recognised(data_folder, monkeypatch, dataset):
  monkeypatch.setenv('NN_ZOO_DATA', str(data_folder))
  lines = []
  fetch(dataset, lines.append)
  assert len(lines) == 4
  assert all(line.endswith('complete') for line in lines)


@pytest.fixture
def fetched(monkeypatch):
  names = []
  monkeypatch.setattr(launcher, 'fetch', names.append)
  return names


def test_the_launcher_fetches_what_it_is_told(fetched):
  launcher.main(['fetch', 'fashion_mnist', 'mnist'])
  assert fetched == ['fashion_mnist', 'mnist']


def test_the_launcher_fetches_nothing_if_one_name_is_wrong(fetched):
  with pytest.raises(InputError, match=r"data set='mnits' .*Did you mean 'mnist'"):
    launcher.main(['fetch', 'mnist', 'mnits'])
  assert fetched == []


def test_the_launcher_lists_every_data_set_and_asks_for_one():
  assert all(f'\n  {name} ' in launcher.__doc__ for name in FILES)
  with pytest.raises(app.UsageError, match=r'at least one') as caught:
    launcher.main(['fetch'])
  assert caught.value.exitcode == 2
