"""The kinds of work that can be compared, and what is asked of it.

A workload names a program of `experiments.benchmark.ours` and of `experiments.benchmark.peers`, or two
commands that are timed as whole processes.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Target(NamedTuple):
  """What is asked of the median of the pairwise ratios."""

  ratio: str  # 'peer/ours', how many times as fast we are; or 'ours/peer', how many times as dear
  bound: float  # peer/ours: at least; ours/peer: at most
  of: str = 'seconds'  # what is compared: 'seconds' of the whole run, or 'step_seconds'

  def met(self, ratio: float) -> bool:
    """Whether a ratio is good enough."""
    return ratio >= self.bound if self.ratio == 'peer/ours' else ratio <= self.bound

  @property
  def text(self) -> str:
    """The bound in words."""
    return f'{"at least" if self.ratio == "peer/ours" else "at most"} {self.bound}'


PLAIN = {'plain': {}}


class Training(NamedTuple):
  """A training run, end to end from after the imports to the loss of the last window.

  Attributes:
    peer: the module of this name in `peers`.
    spec: what both sides are given.
    images: (pad,) for MNIST with a border of that many zeros; else the shape of random images; () where the
      programs draw their own data.
    variants: name -> what the peer gets besides; 'environment' holds variables. The fastest is compared.
    macs: multiplications an example takes in each layer, first to last.
    ours: likewise for our side: settings of the process, which `experiments.settings` can choose too.
    program: the module of this name in `ours`.
    input_gradients: whether gradients are taken in the inputs of the first layer too.
    passes: of the multiplications: forward, for the weights and for the inputs; 1 where nothing is learnt.
  """

  peer: str
  spec: Mapping[str, Any]
  images: tuple[int, ...]
  variants: Mapping[str, Mapping[str, Any]]
  macs: tuple[int, ...]
  ours: Mapping[str, Mapping[str, Any]] = PLAIN
  program: str = 'classification'
  input_gradients: bool = False
  passes: int = 3

  def shortened(self, steps: int) -> 'Training':
    """The same work with another number of steps."""
    return self._replace(spec={**self.spec, 'steps': steps})

  @property
  def flops(self) -> int:
    """Of all steps: forward, weight gradients, and input gradients, for the first layer only where taken."""
    examples = self.spec['batch_size'] * self.spec['steps']
    spared = 0 if self.input_gradients else self.macs[0]
    return 2 * examples * (self.passes * sum(self.macs) - spared)


class Processes(NamedTuple):
  """Two programs for `python -c`, timed from start to exit."""

  ours: str
  peer: str


class Workload(NamedTuple):
  """A line of the table: what it is, what is asked, and how many pairs are run."""

  about: str
  target: Target
  repeats: int
  work: Training | Processes
