from functools import partial

import jax
import numpy as np
import optax

from nn_zoo.data.bucketed import Bucketed
from nn_zoo.data.stream import InOrder
from nn_zoo.models import create_model
from nn_zoo.task import descend
from nn_zoo.tasks.bucketed import bucketed
from nn_zoo.tasks.translation import translation
from nn_zoo.train.loop import fit
from nn_zoo.train.record import Record

rng = np.random.default_rng(0)
KEY = jax.random.key(0)


def texts(length, longest):
  values = rng.integers(4, 9, (len(length), longest)).astype(np.int32)
  values *= np.arange(longest)[None] < length[:, None]
  return {'values': values, 'length': length.astype(np.int32)}


def example():
  length = rng.integers(2, 9, (2, 40))
  arrays = {'inputs': texts(length[0], 9), 'targets': texts(length[1], 9)}
  stream = Bucketed(arrays, tokens=36, buckets=2, batch_size=8)
  model = create_model('seq2seq', vocabulary=9, units=5, embedding=4)
  task = translation(model, optax.sgd(0.1), descend=partial(descend, norms=False))
  return stream, task


def test_a_step_on_a_cut_batch_is_the_step_on_the_whole_of_it():
  stream, task = example()
  cut, state = bucketed(task, stream.shapes), task.init(KEY, stream[0])
  buckets = {}
  for step in range(stream.batches):
    buckets.setdefault(int(stream[step]['bucket'][0]), stream[step])
  assert len(buckets) == 2
  for batch in buckets.values():
    found = jax.jit(cut.step)(state, batch, KEY)
    whole = {key: value for key, value in batch.items() if key != 'bucket'}
    expected = jax.jit(task.step)(state, whole, KEY)
    for ours, theirs in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
      np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=1e-6)


def test_the_loop_trains_on_it_and_cuts_of_calls_change_no_bit():
  stream, task = example()
  task = bucketed(task, stream.shapes)
  run = partial(fit, task, stream, {'test': InOrder(stream.arrays, 7)}, steps=12, log_every=4)
  records = [Record(show=False), Record(show=False)]
  states = [run(steps_per_call=n, record=r) for n, r in zip((1, 4), records, strict=True)]
  jax.tree.map(np.testing.assert_array_equal, *states)
  losses = [row['loss'] for row in records[0].rows if row['split'] == 'train']
  assert losses[-1] < losses[0]
