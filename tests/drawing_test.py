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
from tests.experiments import small_config

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
  stream = list(experiment.evals.values())[-1]
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


def reading(folder):
  """A GPT of characters, its context shorter than the text."""
  (folder / 'text.txt').write_text('the cat sat on the mat. ' * 30)
  config = plain(load_config('configs/gpt_shakespeare.py'))
  config['data'] = {
    'name': 'text_file',
    'path': str(folder / 'text.txt'),
    'validation': 90,
    'test': 0,
  }
  small = {'vocabulary': 0, 'context': 8, 'width': 8, 'layers': 2, 'heads': 2}
  config['model'] |= small
  config['task'] |= {'window': 8, 'length': 5}
  return config


def judging(folder):
  """A BERT of texts with a label."""
  rows = ['text,label', *('a good film,yes', 'so bad,no', 'what a film it was,yes', 'bad,no') * 9]
  (folder / 'texts.csv').write_text('\n'.join(rows))
  config = plain(load_config('configs/own_text.py'))
  config['data'] |= {'path': str(folder / 'texts.csv'), 'validation': 0, 'test': 9}
  config['model'] = {'name': 'bert', 'vocabulary': 0, 'classes': 0, 'length': 8}
  config['model'] |= {'width': 8, 'layers': 2, 'heads': 2}
  config['train'] |= {'select': 'last', 'monitor': '', 'batch_size': 8}
  return config


@pytest.mark.parametrize('make', [reading, judging])
def test_the_looks_of_a_text_on_itself_are_shares(make, tmp_path, monkeypatch):
  kept, sections = looks(make(tmp_path), monkeypatch)
  assert sections[-1].title == 'Heads'
  assert [*map(len, kept.values())] == [len(kept['captions'])] * 2
  for maps, caption in zip(kept[''], kept['captions'], strict=True):
    length = 8 if make is reading else len(caption.split())
    assert maps.shape == (2, 2, length, length)
    np.testing.assert_allclose(maps.sum(axis=-1), 1, rtol=1e-5)


def test_the_looks_of_an_image_are_those_of_the_class_token(monkeypatch):
  config = plain(load_config('configs/vit_digits.py'))
  config['model'] |= {'width': 8, 'layers': 2, 'heads': 2}
  kept, sections = looks(config, monkeypatch)
  assert sections[-1].title == 'Heads'
  assert all(caption in map(str, range(10)) for caption in kept['captions'])
  for maps in kept['']:
    assert maps.shape[:2] == (2, 2)
    share = maps.sum(axis=(-2, -1))  # the rest is what the token looks at itself
    assert np.all((share > 0.5) & (share < 1))


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


def test_examples_are_chosen_among_texts(tmp_path):
  config = plain(small_config.get_config())
  config['train'] |= {'steps': 2, 'log_every': 1, 'eval_every': 2}
  train(config, tmp_path / 'run')
  with pytest.raises(InputError, match=r'^--example: examples are chosen among texts, of which'):
    rewrite(tmp_path / 'run', [1])


def test_a_folder_without_a_finished_run_is_named(tmp_path):
  with pytest.raises(InputError, match=r'there is no finished run; expected results.json'):
    rewrite(tmp_path)
