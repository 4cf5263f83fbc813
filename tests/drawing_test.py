"""What the report shows of the heads of Transformers, of chosen examples."""

import re

import jax
import numpy as np
import pytest

from experiments.launch import load_config, plain
from experiments.report import rewrite
from experiments.train import train
from nn_zoo import drawing
from nn_zoo.build import build
from nn_zoo.data.dataset import take
from nn_zoo.errors import InputError
from nn_zoo.report import attention

SMALL = {'width': 8, 'hidden': 8, 'heads': 2, 'encoder_layers': 1, 'decoder_layers': 2}


def dates(**model):
  """The config of the dates, made small."""
  config = plain(load_config('configs/transformer_dates.py'))
  config['data'] |= {'examples': 60, 'validation': 0, 'test': 6}
  config['model'] |= {'vocabulary': 0, **SMALL, **model}
  config['optimizer']['schedule'] = {'name': 'constant'}
  config['train'] |= {'steps': 2, 'batch_size': 8, 'log_every': 1, 'eval_every': 2, 'monitor': ''}
  return config


def looks(config, monkeypatch):
  """The kinds of looks that the section is made of, by name, and the sections of the report."""
  experiment, kept, made = build(config), {}, attention.section

  def section(kinds, captions):
    kept.update({kind.name: kind.maps for kind in kinds}, captions=captions)
    return made(kinds, captions)

  monkeypatch.setattr(drawing.attention_report, 'section', section)
  stream = experiment.evals['test']
  part = take({key: stream.arrays[key] for key in ('inputs', 'targets')}, slice(stream.examples))
  state = jax.jit(experiment.task.init)(jax.random.key(0), experiment.train[0])
  outputs = jax.jit(experiment.task.predict)(state, part['inputs'], jax.random.key(0))
  return kept, experiment.sections(state, part['inputs'], part['targets'], np.asarray(outputs))


@pytest.mark.parametrize('scan', [False, True])
def test_all_looks_of_an_encoder_and_decoder_are_shown_and_are_shares(scan, monkeypatch):
  kept, sections = looks(dates(scan=scan), monkeypatch)
  assert sections[-1].title == 'Heads'
  captions = kept.pop('captions')
  assert list(kept) == [
    'The decoder on the source',
    'The encoder on itself',
    'The decoder on itself',
  ]
  for name, layers in zip(kept, (2, 1, 2), strict=True):
    for maps in kept[name]:
      assert maps.shape[:2] == (layers, 2)
      np.testing.assert_allclose(maps.sum(axis=-1), 1, rtol=1e-5)
  source = [maps.shape[-1] for maps in kept['The decoder on the source']]
  assert (
    source == [maps.shape[-2] for maps in kept['The encoder on itself']] == [*map(len, captions)]
  )
  assert not any(np.triu(maps, 1).any() for maps in kept['The decoder on itself'])


def test_an_implementation_without_weights_has_no_section():
  def draw(*_):
    return ['others']

  model = build(dates()).model.clone(implementation='cudnn')
  assert drawing.with_heads(draw, None, model, None, None, None, None, None) == ['others']


@pytest.fixture(scope='module')
def run(tmp_path_factory):
  """A run of the dates, hardly trained."""
  folder = tmp_path_factory.mktemp('dates') / 'run'
  train(dates(), folder)
  return folder


def captions(folder):
  page = (folder / 'report.html').read_text()
  heads = page[page.index('<h2>Heads</h2>') : page.index('<h2>Speed</h2>')]
  return re.findall('<figcaption>(.*?)</figcaption>', heads)


def test_a_report_is_written_anew_for_chosen_texts(run):
  page, first = (run / 'report.html').read_text(), captions(run)
  assert rewrite(run).read_text() == page
  rewrite(run, [5, 2])
  data = build(dates(), folder=run).data
  texts = [data.tokenizers[0].decode(row) for row in data.test['inputs']['values']]
  assert first == texts[:4] * 3
  assert captions(run) == [texts[5], texts[2], texts[0], texts[1]] * 3


@pytest.mark.parametrize(
  ('examples', 'line'),
  [
    ([6], r'^--example=6: expected 0 to 5, of test$'),
    ([-1], r'^--example=-1: expected 0 to 5, of test$'),
    ([0, 1, 2, 3, 4], r'^--example: 5 examples; expected 4 at most$'),
  ],
)
def test_examples_that_there_are_not_are_named(run, examples, line):
  with pytest.raises(InputError, match=line):
    rewrite(run, examples)


def test_a_folder_without_a_finished_run_is_named(tmp_path):
  with pytest.raises(InputError, match=r'there is no finished run; expected results.json'):
    rewrite(tmp_path)
