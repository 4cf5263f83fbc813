"""Prints what a trained model makes: a text that goes on with a prompt.

python -m experiments.sample --workdir=runs/a --prompt="ROMEO:" --length=500 --temperature=0.8 --top_k=20

What is not given is as the run's config says in its section `task`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from absl import flags

from experiments.launch import launch, plain
from experiments.outcome import selected
from nn_zoo.build import build
from nn_zoo.data.dataset import Dataset
from nn_zoo.data.text_file import decoded, encoded
from nn_zoo.errors import InputError
from nn_zoo.train.workdir import read_config


class Form(NamedTuple):
  """How a task's `predict` is spoken with: a prompt to inputs, and inputs with outputs to text."""

  inputs: Callable[[str, Dataset], Any]
  shown: Callable[[str, Any, Dataset], str]


def sample(
  workdir: str | Path, prompt: str = '\n', *, seed: int = 0, select: str = '', **settings
) -> str:
  """What the model of a run makes of a prompt.

  Args:
    workdir: the folder of the run.
    prompt: what the model reads first.
    seed: of the draws.
    select: 'last' or 'best'; by default what the config says.
    **settings: that replace those of the config's section `task`, such as temperature=0.8.

  Raises:
    InputError: the run has no checkpoint, its task makes nothing, or the prompt or a setting does not fit.
  """
  folder = Path(workdir)
  config = plain(read_config(folder))
  name = config['task']['name']
  if name not in FORMS:
    raise InputError(
      f'workdir {workdir}: task.name={name!r} makes nothing that could be shown; expected '
      + ' or '.join(map(repr, FORMS))
    )
  config['task'] |= settings
  experiment = build(config, fresh=False)
  inputs = FORMS[name].inputs(prompt, experiment.data)
  saved = selected(experiment, folder, select or config['train']['select'], config['seed'])
  outputs = jax.jit(experiment.task.predict)(saved.state, inputs, jax.random.key(seed))
  return FORMS[name].shown(prompt, jax.tree.map(np.asarray, outputs), experiment.data)


def _tokens(prompt: str, data: Dataset) -> np.ndarray:
  if not prompt:
    raise InputError('--prompt is empty: expected at least one character')
  tokens = encoded(prompt, data.vocabulary)
  if not tokens.all():
    wrong = ''.join(dict.fromkeys(np.array(list(prompt))[tokens == 0]))
    raise InputError(
      f'--prompt={prompt!r} holds {wrong!r}, which the training text does not; '
      f'it knows {"".join(data.vocabulary[1:])!r}'
    )
  return tokens[None]


def _continued(prompt: str, outputs: np.ndarray, data: Dataset) -> str:
  return prompt + decoded(outputs[0], data.vocabulary)


FORMS = {'language': Form(_tokens, _continued)}


def _main(argv: list[str]) -> int:
  del argv
  if not _WORKDIR.value:
    raise InputError('--workdir=FOLDER is needed: the folder of a run')
  settings = {name: flag.value for name, flag in _SETTINGS.items() if flag.value is not None}
  text = sample(
    _WORKDIR.value, _PROMPT.value, seed=_SEED.value, select=_SELECT.value or '', **settings
  )
  print(text)
  return 0


if __name__ == '__main__':
  _WORKDIR = flags.DEFINE_string('workdir', None, 'folder of the run')
  _PROMPT = flags.DEFINE_string('prompt', '\n', 'what the model goes on with')
  _SEED = flags.DEFINE_integer('seed', 0, 'of the draws', lower_bound=0)
  _SELECT = flags.DEFINE_enum(
    'select', None, ['last', 'best'], "checkpoint; by default the config's choice"
  )
  _SETTINGS = {
    'length': flags.DEFINE_integer('length', None, 'characters to write'),
    'temperature': flags.DEFINE_float('temperature', None, 'below 1: likelier draws; 0: likeliest'),
    'top_k': flags.DEFINE_integer('top_k', None, 'draw among so many likeliest; 0: all'),
    'top_p': flags.DEFINE_float('top_p', None, 'draw among the likeliest of this share; 1: all'),
    'min_p': flags.DEFINE_float('min_p', None, 'draw what is at least so likely, of the likeliest'),
  }
  launch(_main)
