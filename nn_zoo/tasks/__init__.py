"""What networks are trained to do; TASKS is the table of all of it. A task takes its model as an argument."""

from collections.abc import Callable

from nn_zoo.task import Task
from nn_zoo.tasks.classification import classification
from nn_zoo.tasks.diagnosis import diagnosis
from nn_zoo.tasks.forecasting import forecasting
from nn_zoo.tasks.language import language
from nn_zoo.tasks.music import music
from nn_zoo.tasks.regression import regression

TASKS: dict[str, Callable[..., Task]] = {
  'classification': classification,
  'diagnosis': diagnosis,
  'forecasting': forecasting,
  'language': language,
  'music': music,
  'regression': regression,
}
