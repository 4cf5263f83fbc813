"""Generated examples beside real ones."""

import json

import numpy as np
import pytest

from experiments.augment import augment, lines
from experiments.launch import load_config, plain
from experiments.train import train
from nn_zoo import judge
from nn_zoo.errors import InputError
from tests.experiments import small_config


@pytest.fixture(scope='module')
def run(tmp_path_factory):
  """A conditional generative net on the digits, after very few steps."""
  config = load_config('configs/dcgan_digits.py')
  config.model.width, config.train.steps, config.train.eval_every = 4, 20, 20
  folder = tmp_path_factory.mktemp('runs') / 'a'
  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(judge, 'STEPS', 20)
    train(plain(config), folder)
  return folder


def test_classifiers_are_trained_with_and_without_generated_examples(run):
  config = plain(small_config.get_config())
  config['train'] |= {'steps': 60, 'eval_every': 60}
  table = augment(config, run, count=40, seeds=(0, 1))
  assert (table['real'], table['generated']) == (1258, 40)
  for name in ('without', 'with'):
    assert len(table[name]) == 2
    assert min(table[name]) > 0.3
    assert table[name][0] != table[name][1]
  gain = np.subtract(table['with'], table['without'])
  assert table['gain']['mean'] == pytest.approx(gain.mean())
  assert json.loads((run / 'augmentation.json').read_text()) == table
  assert f'gain: {100 * gain.mean():+.2f}' in lines(table)


def test_a_run_of_another_kind_is_refused(tmp_path):
  config = small_config.get_config()
  config.train.steps = config.train.eval_every = 2
  train(plain(config), tmp_path / 'a')
  with pytest.raises(InputError, match=r'expected a run of a conditional generative net'):
    augment(plain(config), tmp_path / 'a', count=4, seeds=(0, 1))
