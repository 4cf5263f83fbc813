"""What has gone wrong with two players, in a line with what may help: keys that the task at hand has."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

LONG = 5  # rows of the record


class Advice(NamedTuple):
  """What to try against a generator that has collapsed, and against a critic that has won."""

  collapsed: str
  won: str = ''


ADVICE = {
  'adversarial': Advice(
    'a gradient penalty (task.r1 or task.gradient_penalty), task.pack, or a smaller '
    'optimizer.learning_rate',
    'a lower task.critic_optimizer.learning_rate, task.r1, or task.instance_noise',
  ),
  'f_anogan': Advice(
    'a gradient penalty (task.r1 or task.gradient_penalty), or a smaller optimizer.learning_rate',
    'a lower task.critic_optimizer.learning_rate, or task.r1',
  ),
  'unpaired': Advice(
    'a larger task.cycle, or a smaller optimizer.learning_rate',
    'a lower task.critic_optimizer.learning_rate, or another task.loss',
  ),
  'vae': Advice('a smaller task.beta, or more train.steps'),
}


def collapsed(task: str, values: Mapping[str, Any]) -> str:
  """A line that says so where the generator makes little of what the data holds, else ''.

  It has collapsed if it covers less than a tenth of the data, if its examples are so alike that none of the
  data lies among them (recall below 0.001: one example again and again, in the midst of the data, can cover
  more than a tenth), if it finds less than half of the modes or classes, or lies on them as unevenly as on
  half of them (mode_kl above log 2).

  Args:
    task: in ADVICE.
    values: of `nn_zoo.tasks.generated.measures`.
  """
  found, modes_K = values.get('modes', math.inf), values.get('mode_shares', ())
  trouble = ''
  if values.get('coverage', 1.0) < 0.1:
    trouble = f'its examples cover {100 * values["coverage"]:.1f} % of the data'
  elif values.get('recall', 1.0) < 0.001:
    trouble = 'none of the data lies among its examples, which are alike'
  elif found < len(modes_K) / 2 or values.get('mode_kl', 0.0) > math.log(2):
    trouble = (
      f'{found:.0f} of {len(modes_K)} modes or classes are found, at up to {max(modes_K):.0%} each'
    )
  advice = ADVICE[task].collapsed
  return f'the generator has collapsed: {trouble}; try {advice}' if trouble else ''


def won(task: str, rows: Sequence[Mapping[str, Any]]) -> str:
  """A line that says so where the critic has been right about next to everything for LONG rows, else ''.

  Args:
    task: in ADVICE.
    rows: of a run's metrics, see `nn_zoo.train.record.Record`; those of training count.
  """
  right = [
    (row['step'], min(row[name] or 0 for name in ('real_accuracy', 'generated_accuracy')))
    for row in rows
    if row['split'] == 'train' and 'real_accuracy' in row
  ][-LONG:]
  if len(right) < LONG or min(rate for _, rate in right) <= 0.999:
    return ''
  return (
    f'the critic has won: since step {right[0][0]} or before it tells every generated example from every '
    f'one of the data, from which a generator learns little; try {ADVICE[task].won}'
  )
