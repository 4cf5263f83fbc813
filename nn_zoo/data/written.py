"""Pairs of texts that follow a rule: sums of numbers, and dates written in many ways."""

import datetime

import numpy as np

from nn_zoo.data.dataset import Dataset, at_least, split
from nn_zoo.data.pairs import encoded
from nn_zoo.errors import InputError

FIRST_DAY, LAST_DAY = datetime.date(1900, 1, 1), datetime.date(2099, 12, 31)
FORMS = (
  '{month} {d}, {y}',
  '{mon} {d}, {y}',
  '{mon}. {d} {y}',
  '{d} {month} {y}',
  '{d} {mon} {y}',
  '{d:02}-{mon}-{y}',
  '{d}{th} of {month} {y}',
  '{d}{th} {month}, {y}',
  '{month} {d}{th}, {y}',
  'the {d}{th} of {mon}. {y}',
  '{weekday}, {d} {month} {y}',
  '{weekday}, {month} {d}, {y}',
  '{day}, {d:02} {mon} {y}',
  '{d:02}.{m:02}.{y}',
  '{d}.{m}.{y}',
  '{d}. {month} {y}',
  '{y}/{m:02}/{d:02}',
  '{y} {mon} {d:02}',
  '{y}, {month} {d}',
  '{y}{m:02}{d:02}',
)


def number_addition(
  *,
  digits: int = 3,
  reverse: bool = True,
  examples: int = 50000,
  validation: float,
  test: float,
  split_seed: int,
  tokenizer_file: str = '',
) -> Dataset:
  """Draws sums of two numbers, character by character: '12+345' -> '357'.

  Numbers a <= b are drawn as pairs that all differ, and half of them are written 'b+a', so that no sum that
  is tested was seen in training in either order.

  Args:
    digits: of a number at most.
    reverse: the question is written from its end, '543+21'.
    examples: sums.
    validation: fraction or number of them held out to choose by.
    test: fraction or number of them held out to report.
    split_seed: seed of the numbers and the division.
    tokenizer_file: see `nn_zoo.data.pairs.encoded`.

  Raises:
    InputError: there are not as many sums, or a number is out of range.

  Sources: Sutskever, Vinyals & Le 2014, "Sequence to sequence learning with neural networks",
  https://arxiv.org/abs/1409.3215 (the reversal); Zaremba & Sutskever 2014, "Learning to execute",
  https://arxiv.org/abs/1410.4615 (addition).
  """
  largest = 10 ** at_least('data.digits', digits, 1)
  pairs = largest * (largest + 1) // 2
  if not 1 <= examples <= pairs:
    raise InputError(
      f'data.examples={examples}: expected 1 to {pairs}, the sums of {digits} digits'
    )
  random = np.random.default_rng(at_least('data.split_seed', split_seed, 0))
  drawn = random.choice(pairs, examples, replace=False)
  # Pair a <= b is number b (b + 1) / 2 + a.
  b = ((np.sqrt(8 * drawn + 1) - 1) // 2).astype(np.int64)
  a = drawn - b * (b + 1) // 2
  swapped = random.random(examples) < 0.5
  a, b = np.where(swapped, b, a).tolist(), np.where(swapped, a, b).tolist()
  questions = [f'{x}+{y}' for x, y in zip(a, b, strict=True)]
  questions = [text[::-1] for text in questions] if reverse else questions
  answers = [str(x + y) for x, y in zip(a, b, strict=True)]
  return _dataset(questions, answers, validation, test, split_seed, tokenizer_file)


def dates(
  *,
  examples: int = 20000,
  validation: float,
  test: float,
  split_seed: int,
  tokenizer_file: str = '',
) -> Dataset:
  """Draws days of 1900 to 2099 written in one of 20 ways, and the same in that of ISO 8601.

  'Tuesday, March 3, 1987' -> '1987-03-03', character by character. No text occurs twice.

  Args:
    examples: texts.
    validation: fraction or number of them held out to choose by.
    test: fraction or number of them held out to report.
    split_seed: seed of the days and the division.
    tokenizer_file: see `nn_zoo.data.pairs.encoded`.

  Raises:
    InputError: a number is out of range.
  """
  days = (LAST_DAY - FIRST_DAY).days + 1
  if not 1 <= examples <= days * len(FORMS):
    raise InputError(f'data.examples={examples}: expected 1 to {days * len(FORMS)}')
  random = np.random.default_rng(at_least('data.split_seed', split_seed, 0))
  drawn = random.choice(days * len(FORMS), examples, replace=False)
  written = {}
  for number in drawn.tolist():
    day, form = divmod(number, len(FORMS))
    date = FIRST_DAY + datetime.timedelta(day)
    written[spelled(date, FORMS[form])] = date.isoformat()  # '{d}' and '{d:02}' may be one text
  return _dataset(
    list(written), list(written.values()), validation, test, split_seed, tokenizer_file
  )


def spelled(date: datetime.date, form: str) -> str:
  """A date in one of FORMS, in English."""
  months = 'January February March April May June July August September October November December'
  weekdays = 'Monday Tuesday Wednesday Thursday Friday Saturday Sunday'
  month, weekday = months.split()[date.month - 1], weekdays.split()[date.weekday()]
  teens = 10 <= date.day <= 20
  return form.format(
    d=date.day,
    m=date.month,
    y=date.year,
    month=month,
    mon=month[:3],
    weekday=weekday,
    day=weekday[:3],
    th='th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(date.day % 10, 'th'),
  )


def _dataset(sources, targets, validation, test, seed, tokenizer_file) -> Dataset:
  rows = np.arange(len(sources))
  parts = split(rows, rows, validation=validation, test=test, seed=seed)
  texts = [
    ([sources[row] for row in part['inputs']], [targets[row] for row in part['inputs']])
    for part in parts
  ]
  return encoded(*texts, kind='characters', tokenizer_file=tokenizer_file)
