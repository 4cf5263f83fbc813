"""What generated examples are compared with, task by task: which real ones, and what they were made of.

Axes: N examples.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nn_zoo.data.dataset import Dataset
from nn_zoo.judge import judge, stacked_judge
from nn_zoo.tasks import generated

Likeness = Callable[..., dict[str, Any]]  # (generated, real) -> figures


def against_data(data: Dataset) -> dict[str, Likeness]:
  """Measures of examples of a generative adversarial net, whose targets are real ones."""
  return {'generated': _likeness(lambda part: (part['targets'], part['inputs'].get('label')), data)}


def against_inputs(data: Dataset) -> Likeness:
  """The same of a net whose inputs are the real examples, its targets their classes, if there are any."""
  known = data.classes and data.train['targets'].ndim == 1
  return _likeness(lambda part: (part['inputs'], part['targets'] if known else None), data)


def against_unlabelled(data: Dataset) -> Likeness:
  """The same where all examples to learn from are of one class, so that nothing can be judged by classes."""
  return _likeness(lambda part: (part['inputs'], None), data)


def _likeness(examples, data):
  # examples: of a part of the data -> they and their classes, or None.
  x, label_N = examples(data.train)
  of = stacked_judge if data.stacked else judge
  held = next((part for part in (data.test, data.validation) if len(part['targets'])), None)
  known = held and label_N is not None and examples(held)
  classes = 0 if label_N is None else len(data.classes)
  return generated.measures(x, label_N, classes, of, known or None)['generated']


def against_domain(data: Dataset) -> dict[str, Callable]:
  """How much translated images are like the second kind and, if classes are known, keep their source's."""
  known, classes = data.train['targets'], len(data.classes)
  likeness = generated.measures(known['image'], known.get('label'), classes, judge)['generated']

  def translated_images(outputs, targets, **settled):
    values = likeness(outputs, targets['image'], **settled)
    if 'source' in targets:
      of = generated.judged(judge, known['image'], known['label'], classes)
      kept_N = of(outputs)[1].argmax(axis=1) == targets['source']
      values = {'content_accuracy': float(kept_N.mean()), **values}
    return values

  return {'unpaired': translated_images}


def of_noise(arrays: Mapping[str, Any]) -> tuple[dict[str, np.ndarray], np.ndarray]:
  """Of a split's arrays the latents to draw from, and the real examples."""
  return {'latent': arrays['noise']}, arrays['inputs']


def of_noise_as_normal(arrays: Mapping[str, Any]) -> tuple[dict[str, np.ndarray], np.ndarray]:
  """The same where only examples of class 0 are learnt: as many latents, and those."""
  normal_N = arrays['targets'] == 0
  return {'latent': arrays['noise'][normal_N]}, arrays['inputs'][normal_N]
