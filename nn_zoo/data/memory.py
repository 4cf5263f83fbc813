"""Problems that only a memory over many steps solves: adding two numbers, and copying what was read long ago.

They are drawn, not loaded: every training batch is new, decided by (seed, step) alone.

Axes: B examples, T time.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from nn_zoo.data.dataset import Dataset, Split, at_least

SAMPLE = 256  # examples that stand for all training ones where their moments are needed
SYMBOLS = 8  # that are to be remembered; 0 is the blank and SYMBOLS + 1 asks for them
COPIED = 10  # symbols in a row

Draw = Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]]


class Fresh:
  """A train stream that never shows an example twice: batch `step` is drawn from (seed, step)."""

  def __init__(self, draw: Draw, batch_size: int, seed: int = 0):
    """Args: draw: (generator, examples) -> inputs, targets; batch_size in examples; seed of the draws."""
    self.batch_size, self._draw, self._seed = batch_size, draw, seed

  def __getitem__(self, step: int) -> Split:
    generator = np.random.default_rng([0, self._seed, step])
    inputs, targets = self._draw(generator, self.batch_size)
    weight = np.ones(self.batch_size, np.float32)
    return {'inputs': inputs, 'targets': targets, 'weight': weight}


def adding(*, length: int, validation: int, test: int, split_seed: int) -> Dataset:
  """Draws sequences of numbers of which two are marked; the target is their sum [N, 1].

  A step is (number, mark): numbers are even in [0, 1), marks are 1 at one step of each half and 0 elsewhere.
  Who always says 1, the mean, has a mean squared error of 1/6.

  Args:
    length: steps of a sequence.
    validation: examples to choose by.
    test: examples to report.
    split_seed: seed of these examples.

  Raises:
    InputError: a sequence has no halves, or a number of examples is negative.

  Sources: Hochreiter & Schmidhuber 1997, "Long short-term memory", https://doi.org/10.1162/neco.1997.9.8.1735,
  in the form of Arjovsky, Shah & Bengio 2016, "Unitary evolution recurrent neural networks",
  https://arxiv.org/abs/1511.06464.
  """
  draw = partial(_adding, at_least('data.length', length, 2))
  return _dataset(draw, validation, test, split_seed)


def copy_memory(*, length: int, validation: int, test: int, split_seed: int) -> Dataset:
  """Draws ten symbols that are followed by blanks and are asked for `length` steps later, in their order.

  The inputs are token ids: 10 symbols of 1 ... 8, length - 1 blanks (0), the sign that asks (9), 10 blanks.
  The targets, a class a step, are length + 10 blanks and the 10 symbols. Who waits rightly but remembers
  nothing has a mean cross-entropy of 10 ln 8 / (length + 20) nats a step.

  Args:
    length: steps from the last symbol to the sign that asks.
    validation: examples to choose by.
    test: examples to report.
    split_seed: seed of these examples.

  Raises:
    InputError: there is no step to wait, or a number of examples is negative.

  Sources: Hochreiter & Schmidhuber 1997, "Long short-term memory", https://doi.org/10.1162/neco.1997.9.8.1735,
  in the form of Arjovsky, Shah & Bengio 2016, "Unitary evolution recurrent neural networks",
  https://arxiv.org/abs/1511.06464.
  """
  draw = partial(_copy, at_least('data.length', length, 1))
  symbols = tuple('abcdefgh'[:SYMBOLS])
  return _dataset(draw, validation, test, split_seed)._replace(
    classes=('blank', *symbols), vocabulary=('.', *symbols, '?')
  )


def _dataset(draw: Draw, validation: int, test: int, seed: int) -> Dataset:
  at_least('data.split_seed', seed, 0)
  sizes = SAMPLE, at_least('data.validation', validation, 0), at_least('data.test', test, 0)

  def part(index: int) -> dict[str, Any]:
    # The first number tells these draws from those of `Fresh`.
    generator = np.random.default_rng([1, seed, index])
    return dict(zip(('inputs', 'targets'), draw(generator, sizes[index]), strict=True))

  return Dataset(part(0), part(1), part(2), (), fresh=partial(Fresh, draw))


def _adding(length: int, generator: np.random.Generator, examples: int):
  number_BT = generator.random((examples, length), np.float32)
  first_B = generator.integers(0, length // 2, examples)
  second_B = generator.integers(length // 2, length, examples)
  at_BT = np.arange(length)[None]
  mark_BT = (at_BT == first_B[:, None]) | (at_BT == second_B[:, None])
  target_B1 = np.sum(number_BT, axis=1, where=mark_BT, keepdims=True)
  return np.stack([number_BT, mark_BT.astype(np.float32)], axis=-1), target_B1


def _copy(length: int, generator: np.random.Generator, examples: int):
  symbols = generator.integers(1, SYMBOLS + 1, (examples, COPIED), np.int32)
  blanks = np.zeros((examples, length + COPIED), np.int32)
  inputs_BT = np.concatenate([symbols, blanks], axis=1)
  inputs_BT[:, COPIED + length - 1] = SYMBOLS + 1
  return inputs_BT, np.concatenate([blanks, symbols], axis=1)
