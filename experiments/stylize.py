"""Paints the content of one image in the style of another, by the features of a trained network.

  python -m experiments.stylize --workdir=runs/a --content=a.png --style=b.png --output=c.png

The run is of a network with convolutions over images, such as configs/convnet_fashion.py. Images are brought
to its channels (grey or colour) and to --size pixels along the longer side. How far such an image comes is
the network's: Gatys et al. used VGG-19, trained on 1.2 million photographs; a small one that has seen clothes
or digits knows edges and strokes, and gives contrast and speckle, but no brushwork.
"""

from pathlib import Path

import numpy as np
from absl import flags

from experiments.launch import launch, plain
from experiments.outcome import selected
from nn_zoo.build import build
from nn_zoo.data.dataset import at_least
from nn_zoo.data.folder import read_image
from nn_zoo.data.preprocess import preparation
from nn_zoo.errors import InputError
from nn_zoo.layers.convolution import Conv
from nn_zoo.task import Learner, averaged
from nn_zoo.tasks.style import Weights, stylize
from nn_zoo.train.workdir import read_config


def paint(
  workdir: str | Path,
  content: str | Path,
  style: str | Path,
  output: str | Path,
  *,
  size: int = 128,
  steps: int = 300,
  learning_rate: float = 0.02,
  weights: Weights = Weights(),  # noqa: B008
  seed: int = 0,
) -> dict[str, np.ndarray]:
  """Writes `output` and returns every part of the loss at each step.

  Args:
    workdir: the folder of a run of a network with convolutions over images.
    content, style: image files.
    output: image file to be written, with a suffix that Pillow knows, such as .png.
    size: pixels along the longer side of both images.
    steps, learning_rate, weights, seed: see `nn_zoo.tasks.style.stylize`.

  Raises:
    InputError: an image cannot be read or written, or the run has no network for images.
  """
  from PIL import Image

  folder = Path(workdir)
  config = plain(read_config(folder))
  experiment = build(config, fresh=False, folder=folder)
  inputs = experiment.data.train['inputs']
  channels = inputs.shape[-1] if getattr(inputs, 'ndim', 0) == 4 else 0
  if channels not in (1, 3):
    raise InputError(f'workdir {workdir}: its data has no images of 1 or 3 channels')
  least = max(inputs.shape[1:3]) // 2
  at_least('--size', size, least)
  at_least('--steps', steps, 1)
  x, y = (read_image(Path(file), size, channels)[None] for file in (content, style))
  state = selected(experiment, folder, config['train']['select'], config['seed']).state
  if not isinstance(state, Learner):
    raise InputError(f'workdir {workdir}: expected a run of one network, such as a classifier')
  variables = {'params': averaged(state), **state.stats}
  painted, losses = stylize(
    experiment.model,
    variables,
    preparation(inputs),
    Conv,
    x,
    y,
    steps=steps,
    learning_rate=learning_rate,
    weights=weights,
    seed=seed,
  )
  pixels = painted[0, ..., 0] if channels == 1 else painted[0]
  try:
    Image.fromarray(pixels).save(output)
  except (OSError, ValueError) as error:
    raise InputError(f'--output={output}: cannot be written ({error})') from error
  return losses


def _main(argv: list[str]) -> int:
  del argv
  for flag in (_WORKDIR, _CONTENT, _STYLE):
    if not flag.value:
      raise InputError(f'--{flag.name}=... is needed; --help says what it is')
  weights = Weights(*(flag.value for flag in _WEIGHTS))
  found = paint(
    _WORKDIR.value,
    _CONTENT.value,
    _STYLE.value,
    _OUTPUT.value,
    size=_SIZE.value,
    steps=_STEPS.value,
    learning_rate=_RATE.value,
    weights=weights,
    seed=_SEED.value,
  )
  for name, loss_T in found.items():
    print(f'{name}: {loss_T[0]:.4g} at the first step, {loss_T[-1]:.4g} at the last')
  print(_OUTPUT.value)
  return 0


if __name__ == '__main__':
  _WORKDIR = flags.DEFINE_string('workdir', None, 'folder of the run of a convolutional network')
  _CONTENT = flags.DEFINE_string('content', None, 'image file whose content is kept')
  _STYLE = flags.DEFINE_string('style', None, 'image file whose style is taken')
  _OUTPUT = flags.DEFINE_string('output', 'stylized.png', 'image file to be written')
  _SIZE = flags.DEFINE_integer('size', 128, 'pixels along the longer side')
  _STEPS = flags.DEFINE_integer('steps', 300, 'of the optimizer')
  _RATE = flags.DEFINE_float('learning_rate', 0.02, 'in units of white', lower_bound=0.0)
  _SEED = flags.DEFINE_integer('seed', 0, 'of the noise that the losses are relative to', 0)
  _WEIGHTS = [
    flags.DEFINE_float(f'{name}_weight', value, f'of the {name} loss', lower_bound=0.0)
    for name, value in Weights()._asdict().items()
  ]
  launch(_main)
