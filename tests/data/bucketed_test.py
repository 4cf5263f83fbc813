import itertools

import numpy as np
import pytest

from nn_zoo.data.bucketed import Bucketed
from nn_zoo.errors import InputError

rng = np.random.default_rng(0)


def pairs(count=100, longest=12):
  """Pairs whose tokens say which pair they are of."""
  length = rng.integers(1, longest + 1, (2, count)).astype(np.int32)
  length[:, 0] = longest
  values = np.arange(count, dtype=np.int32)[:, None] * np.ones((1, longest), np.int32)
  return {
    side: {'values': values, 'length': own}
    for side, own in zip(('inputs', 'targets'), length, strict=True)
  }


def seen(stream, epoch):
  """The pairs of an epoch with their weights."""
  batches = [stream[epoch * stream.batches + step] for step in range(stream.batches)]
  numbers = np.concatenate([batch['inputs']['values'][:, 0] for batch in batches])
  weights = np.concatenate([batch['weight'] for batch in batches])
  return numbers, weights


@pytest.mark.parametrize('buckets', [1, 3, 20])
def test_an_epoch_holds_each_pair_once(buckets):
  stream = Bucketed(pairs(), tokens=36, buckets=buckets, batch_size=10)
  orders = []
  for epoch in range(2):
    numbers, weights = seen(stream, epoch)
    assert sorted(numbers[weights == 1]) == list(range(100))
    orders.append(numbers[weights == 1].tolist())
  assert orders[0] != orders[1]


def test_a_batch_fits_the_shape_of_its_bucket_and_the_tokens():
  arrays = pairs()
  stream = Bucketed(arrays, tokens=36, buckets=3, batch_size=10)
  assert len(stream.shapes) == 3
  assert stream.shapes[-1] == (3, 12, 12)
  for step in range(stream.batches):
    batch = stream[step]
    assert len(batch['weight']) == stream.batch_size == max(s.examples for s in stream.shapes)
    (bucket,) = set(batch['bucket'])
    examples, source, target = stream.shapes[bucket]
    assert examples * max(source, target) <= 36
    assert examples <= 10
    assert not batch['weight'][examples:].any()
    assert batch['inputs']['length'].max() <= source
    assert batch['targets']['length'].max() <= target


def test_no_other_bounds_leave_less_padding():
  for buckets in (1, 2, 3, 4):
    arrays = pairs(30, 7)
    length = np.maximum(arrays['inputs']['length'], arrays['targets']['length'])
    stream = Bucketed(arrays, tokens=7, buckets=buckets, batch_size=1)
    found = sum(max(stream.shapes[index][1:]) for index in stream.arrays['bucket'][:30])
    widths, bounds = np.unique(length), itertools.combinations(np.unique(length)[:-1], buckets - 1)
    best = min(
      sum(next(edge for edge in (*chosen, widths[-1]) if edge >= each) for each in length)
      for chosen in bounds
    )
    assert found == best
    assert len(stream.shapes) == buckets


def test_short_texts_come_in_larger_batches_and_cost_less_padding():
  arrays = pairs(1000, 40)
  arrays['targets']['length'] = arrays['inputs']['length']
  taken = sum(arrays[side]['length'].sum() for side in arrays)
  padded = []
  for buckets in (1, 6):
    stream = Bucketed(arrays, tokens=400, buckets=buckets, batch_size=400)
    shapes = [stream.shapes[stream[step]['bucket'][0]] for step in range(stream.batches)]
    padded.append(sum(shape.examples * (shape.source + shape.target) for shape in shapes))
  assert padded[0] > 1.8 * taken
  assert padded[1] < 1.5 * taken


def test_the_step_and_the_seed_decide():
  arrays = pairs()
  one, same, other = (Bucketed(arrays, 36, 3, 10, seed) for seed in (1, 1, 2))
  same[7]
  np.testing.assert_array_equal(one.rows(30), same.rows(30))
  assert any(one.rows(step).tolist() != other.rows(step).tolist() for step in range(5))


@pytest.mark.parametrize(
  ('settings', 'line'),
  [
    ({'buckets': 0}, 'data.buckets=0: expected 1 or more'),
    ({'batch_size': 0}, 'train.batch_size=0: expected 1 or more'),
    ({'tokens': 11}, 'data.tokens=11: a text alone has 12 tokens; expected more'),
  ],
)
def test_what_does_not_fit_is_answered_in_a_line(settings, line):
  with pytest.raises(InputError, match=line):
    Bucketed(pairs(), **{'tokens': 36, 'buckets': 3, 'batch_size': 10, **settings})
