"""What networks are trained to do; TASKS is the table of all of it. A task takes its model as an argument."""

from collections.abc import Callable

from nn_zoo.task import Task
from nn_zoo.tasks.adversarial import adversarial
from nn_zoo.tasks.anomaly import anomaly
from nn_zoo.tasks.classification import classification
from nn_zoo.tasks.diagnosis import diagnosis
from nn_zoo.tasks.f_anogan import f_anogan
from nn_zoo.tasks.forecasting import forecasting
from nn_zoo.tasks.labelling import labelling
from nn_zoo.tasks.language import language
from nn_zoo.tasks.music import music
from nn_zoo.tasks.regression import regression
from nn_zoo.tasks.translation import translation
from nn_zoo.tasks.unpaired import unpaired
from nn_zoo.tasks.vae import autoencoder, vae

TASKS: dict[str, Callable[..., Task]] = {
  'adversarial': adversarial,
  'anomaly': anomaly,
  'autoencoder': autoencoder,
  'classification': classification,
  'diagnosis': diagnosis,
  'f_anogan': f_anogan,
  'forecasting': forecasting,
  'labelling': labelling,
  'language': language,
  'music': music,
  'regression': regression,
  'translation': translation,
  'unpaired': unpaired,
  'vae': vae,
}
