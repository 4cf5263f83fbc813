"""The page is whole, self-contained and safe with any names and values."""

import math
from html.parser import HTMLParser

import numpy as np
import pytest

from nn_zoo.report import Run, Section, classification, filters, page
from nn_zoo.report.markup import warning

VOID = {'meta', 'img', 'br', 'hr', 'link', 'input'}

RUN = Run(
  name='lenet_digits',
  description='A small convolutional net.',
  command='python -m experiments.train --config=configs/lenet_digits.py',
  outcome={'test': {'loss': 0.05123456, 'accuracy': 0.98705}, 'train': {'accuracy': 1.0}},
  rows=[
    *({'step': s, 'split': 'train', 'loss': 1 / s, 'accuracy': 1 - 1 / s} for s in range(1, 401)),
    {'step': 200, 'split': 'validation', 'loss': 0.2, 'accuracy': 0.9},
    {'step': 400, 'split': 'validation', 'loss': 0.1, 'accuracy': 0.95},
    {'step': 400, 'split': 'test', 'loss': 0.05123456, 'accuracy': 0.98705},
  ],
  timing={'compile_seconds': 3.41, 'train_seconds': 125.2, 'examples_per_second': 51987.2},
  environment={'python': '3.11', 'device': 'cpu'},
  config={'seed': 0, 'optimizer': {'name': 'adam', 'schedule': {'warmup': 100}}},
  model=[
    {
      'path': 'Conv_0',
      'module': 'Conv',
      'output': 'float32[1,28,28,6]',
      'parameters': 61706,
      'flops': 1234567.0,
    },
    {'path': 'relu', 'module': 'relu', 'output': '', 'parameters': None, 'flops': None},
  ],
  totals={'parameters': 61706, 'flops': 1234567.0},
  sections=[Section('Samples', '<p>A sample.</p>')],
)
BARE = Run('bare', '', '', {}, [], {}, {}, {}, [], {}, [])


class Outline(HTMLParser):
  """Reads a page strictly: every tag closed in order, ids unique."""

  def __init__(self, text: str):
    super().__init__()
    self.open, self.assets, self.ids, self.words, self.tags = [], [], [], [], []
    self.feed(text)
    self.close()
    assert self.open == []

  def handle_starttag(self, tag, attrs):
    self.handle_startendtag(tag, attrs)
    if tag not in VOID:
      self.open.append(tag)

  def handle_startendtag(self, tag, attrs):
    self.tags.append(tag)
    for name, value in attrs:
      if name in ('src', 'href', 'xlink:href', 'data', 'srcset', 'action'):
        self.assets.append(value)
      if name == 'id':
        self.ids.append(value)

  def handle_endtag(self, tag):
    assert self.open.pop() == tag

  def handle_data(self, data):
    if 'style' not in self.open and data.strip():
      self.words.append(data.strip())


def full_run() -> Run:
  rng = np.random.default_rng(0)
  images = rng.integers(0, 256, (60, 8, 8, 1), dtype=np.uint8)
  logits = rng.normal(size=(60, 3))
  sections = classification.sections(images, rng.integers(0, 3, 60), logits, ['a', 'b', 'c'])
  kernel = {'Conv_0': {'kernel': rng.normal(size=(3, 3, 1, 6))}}
  return RUN._replace(sections=[*sections, filters.section(kernel)])


def test_the_outcome_is_shown_for_people():
  words = Outline(page(RUN)).words
  top = words[: words.index('Learning curves')]
  for shown in ('98.70 %', '0.05123', '100.00 %', '400 steps', '61,706 parameters', '2 min 05 s'):
    assert any(shown in word for word in top), shown
  assert {'3.4 s', '52,000', '1.23 MFLOP', 'optimizer.schedule.warmup'} <= set(words)


def test_the_headline_is_the_test_split_with_the_loss_last():
  words = Outline(page(RUN)).words
  assert words.index('98.70 %') < words.index('100.00 %') < words.index('0.05123')
  assert 'test accuracy' in words
  assert 'train accuracy' not in words


def test_the_page_is_balanced_and_needs_nothing_else():
  text = page(full_run())
  outline = Outline(text)
  assert 'svg' in outline.tags
  assert 'img' in outline.tags
  assert all(asset.startswith(('data:image/png;base64,', '#')) for asset in outline.assets)
  assert len(set(outline.ids)) == len(outline.ids)
  assert 'http' not in text
  assert not {'script', 'link', 'iframe'} & set(outline.tags)
  assert len(text) < 1_500_000


def test_the_same_run_gives_the_same_page():
  assert page(full_run()) == page(full_run())


def test_every_metric_has_one_chart_with_all_its_splits():
  text = page(RUN)
  assert Outline(text).tags.count('svg') == 2
  loss = text[text.index('<h3>loss</h3>') : text.index('<h3>accuracy</h3>')]
  assert all(f'</i>{split} <b>' in loss for split in ('train', 'validation', 'test'))


def test_no_accuracy_above_one_is_on_the_axis():
  rows = [{'step': s, 'split': 'test', 'accuracy': 1.0} for s in range(3)]
  ticks = [word for word in Outline(page(BARE._replace(rows=rows))).words if word.endswith(' %')]
  assert len(ticks) > 2
  assert max(float(tick.removesuffix(' %')) for tick in ticks) == 100


def test_a_metric_measured_once_is_no_curve():
  rows = [{'step': 9, 'split': 'test', 'loss': 0.5}]
  assert 'Learning curves' not in page(RUN._replace(rows=rows))


def test_what_users_write_is_escaped():
  evil = '<script>alert("&")</script>'
  row = {'path': evil, 'module': evil, 'output': evil, 'parameters': 1, 'flops': 1}
  run = Run(
    name=evil,
    description=evil,
    command=evil,
    outcome={evil: {evil: 1.5}, 'test': {evil: 2.5}},
    rows=[{'step': s, 'split': evil, evil: 1.0 + s} for s in range(3)],
    timing={f'{evil}_seconds': 1.0, evil: 2.0},
    environment={evil: evil, 'device': evil},
    config={evil: {evil: evil}},
    model=[row],
    totals={'parameters': 1, 'flops': 1},
    sections=[
      Section(evil, ''),
      *classification.sections(
        np.zeros((4, 4, 4, 1)), np.array([0, 1, 0, 1]), np.eye(2)[[0, 1, 1, 0]], [evil, '$x_']
      ),
      filters.section({evil: {'kernel': np.ones((3, 3, 1, 2))}}),
    ],
  )
  text = page(run)
  assert 'script' not in Outline(text).tags
  assert '<script' not in text
  assert '&lt;script&gt;' in text


def test_a_warning_stands_before_everything_else():
  sections = [
    Section('Samples', '<p>A sample.</p>'),
    warning('Collapse', 'covers <1 %', 'and more'),
  ]
  text = page(RUN._replace(sections=sections))
  Outline(text)
  assert text.index('covers &lt;1 %.') < text.index('and more.') < text.index('Learning curves')
  assert text.index('<h2>Samples') > text.index('Learning curves')


def test_an_empty_run_has_a_page():
  outline = Outline(page(BARE))
  assert outline.words == ['bare', 'bare', 'Nothing was evaluated.']


def test_values_that_are_not_finite_are_named():
  rows = [{'step': s, 'split': 'train', 'loss': v} for s, v in ((1, 2.0), (20, math.nan), (30, 1))]
  outcome = {'test': {'loss': math.nan, 'accuracy': math.nan, 'perplexity': math.inf}}
  run = RUN._replace(rows=rows, outcome=outcome, timing={'steps_per_second': math.nan})
  words = Outline(page(run)).words
  assert words.count('NaN') >= 3
  assert '∞' in words
  assert 'train: first value that is not finite at step 20.' in words


def test_a_run_of_nothing_but_nan_has_a_page():
  rows = [{'step': s, 'split': 'train', 'loss': math.nan} for s in range(5)]
  assert 'first value that is not finite at step 0' in page(RUN._replace(rows=rows))


@pytest.mark.parametrize('steps', [2, 30, 100_000])
def test_a_curve_of_any_length_stays_small(steps):
  rows = [{'step': s, 'split': 'train', 'loss': 1 + 1 / (s + 1)} for s in range(steps)]
  assert len(page(BARE._replace(rows=rows))) < 40_000
