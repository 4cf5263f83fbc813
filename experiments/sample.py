"""Makes what a trained model can: a text that goes on with a prompt, translations of lines, pictures, music.

python -m experiments.sample --workdir=runs/a --prompt="ROMEO:" --length=500 --temperature=0.8 --top_k=20
python -m experiments.sample --workdir=runs/de_en --input=sentences.txt --beam=5
python -m experiments.sample --workdir=runs/digits --count=64 --seed=3 --label=5
python -m experiments.sample --workdir=runs/jsb --count=3 --length=64

What is not given is as the run's config says in its section `task`.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from absl import flags

from experiments.launch import launch, plain
from experiments.outcome import selected
from experiments.pictures import Asked, drawn, files, images, latents
from experiments.pieces import beginnings, composed, midi_files
from experiments.texts import continued, sources, tokens, translated
from nn_zoo.build import Experiment, build
from nn_zoo.config import Config
from nn_zoo.data.dataset import Dataset
from nn_zoo.data.lines import decoded as decoded_lines
from nn_zoo.data.stream import InOrder
from nn_zoo.errors import InputError
from nn_zoo.train.evaluation import predict
from nn_zoo.train.workdir import read_config


class Form(NamedTuple):
  """How a task's `predict` is spoken with.

  inputs: what was asked, the experiment, and its config -> inputs of `predict`.
  shown: what was asked, outputs, and the data -> a text, or a dictionary of a file's name -> its bytes.
  lines: whether what is asked is many lines, which go through `predict` in batches.
  made: the experiment, state, inputs, key and settings -> outputs, where they are not of `predict`.
  asks: whether it is `Asked` for examples; else for a text.
  replaces: whether settings are of the config's section `task`; else they are for `made`.
  """

  inputs: Callable[[Any, Experiment, Config], Any]
  shown: Callable[[Any, Any, Dataset], str | dict[str, bytes]]
  lines: bool = False
  made: Callable[..., Any] | None = None
  asks: bool = False
  replaces: bool = True


def sample(
  workdir: str | Path,
  prompt: str | Sequence[str] | Asked | None = None,
  *,
  seed: int = 0,
  select: str = '',
  **settings,
) -> str | dict[str, bytes]:
  """What the model of a run makes of a prompt: a text, or files by name.

  Args:
    workdir: the folder of the run.
    prompt: what the model reads first, or texts (or one, in lines) of which each is translated, or examples
      asked for.
    seed: of the draws.
    select: 'last' or 'best'; by default what the config says.
    **settings: that replace those of the config's section `task`, such as temperature=0.8; of music the
      number of frames, length=64.

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
  form = FORMS[name]
  if form.asks:
    if not isinstance(prompt, Asked | None):
      raise InputError(f'--prompt and --input: task.name={name!r} reads no text; leave them out')
    prompt = (prompt if isinstance(prompt, Asked) else Asked())._replace(seed=seed)
    if prompt.label is not None and (name == 'music' or not config['model'].get('classes')):
      raise InputError(f'--label={prompt.label}: the generator is not conditional; leave it out')
  elif prompt is None or isinstance(prompt, Asked):
    for flag, value in zip(
      ('count', 'label'), (prompt.count, prompt.label) if prompt else (), strict=False
    ):
      if value is not None:
        raise InputError(f'--{flag}={value}: task.name={name!r} writes one text; leave it out')
    prompt = '\n'
  if form.replaces:
    config['task'] |= settings
  experiment = build(config, fresh=False, folder=folder)
  inputs = form.inputs(prompt, experiment, config)
  saved = selected(experiment, folder, select or config['train']['select'], config['seed'])
  if form.lines:
    arrays = {'inputs': inputs, 'targets': inputs}
    stream = InOrder(arrays, config['train']['eval_batch_size'])
    outputs = predict(experiment.task, saved.state, stream, seed)
  elif form.made:
    outputs = form.made(experiment, saved.state, inputs, jax.random.key(seed), settings)
  else:
    outputs = jax.jit(experiment.task.predict)(saved.state, inputs, jax.random.key(seed))
  return form.shown(prompt, jax.tree.map(np.asarray, outputs), experiment.data)


_OF_LATENTS = Form(lambda asked, of, _: latents(asked, of.model), files, made=drawn, asks=True)

FORMS = {
  'adversarial': _OF_LATENTS,
  'f_anogan': _OF_LATENTS,
  'language': Form(tokens, continued),
  'music': Form(
    lambda asked, of, _: beginnings(asked, of.data),
    midi_files,
    made=composed,
    asks=True,
    replaces=False,
  ),
  'translation': Form(sources, translated, lines=True),
  'unpaired': _OF_LATENTS._replace(inputs=lambda asked, of, _: images(asked, of.data)),
  'vae': _OF_LATENTS,
}


def read_prompt(prompt: str | None, path: str | None) -> str | list[str] | None:
  """What a model is to read: the prompt, or the lines of a file, of standard input if its path is '-'.

  Raises:
    InputError: both are given, or the file cannot be read or is no text.
  """
  if path is None:
    return prompt
  if prompt is not None:
    raise InputError('--prompt and --input: expected one of them')
  try:
    content = sys.stdin.buffer.read() if path == '-' else Path(path).read_bytes()
  except OSError as error:
    raise InputError(f'--input={path}: cannot be read ({error.strerror})') from error
  return decoded_lines(content, f'--input={path}')


def _kept(files: dict[str, bytes], folder: Path) -> str:
  for name, content in files.items():
    (folder / name).write_bytes(content)
  return '\n'.join(str(folder / name) for name in files)


def _main(argv: list[str]) -> int:
  del argv
  if not _WORKDIR.value:
    raise InputError('--workdir=FOLDER is needed: the folder of a run')
  settings = {name: flag.value for name, flag in _SETTINGS.items() if flag.value is not None}
  asked = read_prompt(_PROMPT.value, _INPUT.value)
  text = sample(
    _WORKDIR.value,
    Asked(_COUNT.value, label=_LABEL.value) if asked is None else asked,
    seed=_SEED.value,
    select=_SELECT.value or '',
    **settings,
  )
  print(text if isinstance(text, str) else _kept(text, Path(_WORKDIR.value)))
  return 0


if __name__ == '__main__':
  _WORKDIR = flags.DEFINE_string('workdir', None, 'folder of the run')
  _PROMPT = flags.DEFINE_string(
    'prompt', None, 'what the model goes on with; by default a new line'
  )
  _INPUT = flags.DEFINE_string(
    'input', None, 'file of texts to translate, one a line; - for standard input'
  )
  _COUNT = flags.DEFINE_integer(
    'count', None, 'examples of a generator (64 by default), or pieces of music (3)'
  )
  _LABEL = flags.DEFINE_integer('label', None, 'class of a conditional generator; by default all')
  _SEED = flags.DEFINE_integer('seed', 0, 'of the draws', lower_bound=0)
  _SELECT = flags.DEFINE_enum(
    'select', None, ['last', 'best'], "checkpoint; by default the config's choice"
  )
  _SETTINGS = {
    'length': flags.DEFINE_integer('length', None, 'tokens to write, or frames to compose'),
    'temperature': flags.DEFINE_float('temperature', None, 'below 1: likelier draws; 0: likeliest'),
    'top_k': flags.DEFINE_integer('top_k', None, 'draw among so many likeliest; 0: all'),
    'top_p': flags.DEFINE_float('top_p', None, 'draw among the likeliest of this share; 1: all'),
    'beam': flags.DEFINE_integer('beam', None, 'unfinished translations kept; 1: greedy'),
    'best': flags.DEFINE_integer('best', None, 'translations of each line, the best first'),
    'length_penalty': flags.DEFINE_float('length_penalty', None, 'more: longer translations'),
    'min_p': flags.DEFINE_float('min_p', None, 'draw what is at least so likely, of the likeliest'),
    'truncation': flags.DEFINE_float(
      'truncation', None, "largest of a generator's latent numbers, for less variety; 0: any"
    ),
  }
  launch(_main)
