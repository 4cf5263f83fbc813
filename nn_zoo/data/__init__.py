"""Data sources: each returns a Dataset of arrays. Adding one is a function and a line in SOURCES."""

from collections.abc import Callable

from nn_zoo.data.dataset import Dataset
from nn_zoo.data.embedded import breast_cancer, diabetes, digits
from nn_zoo.data.folder import image_folder
from nn_zoo.data.idx import fashion_mnist, mnist
from nn_zoo.data.npz import arrays
from nn_zoo.data.table import csv_table
from nn_zoo.named import call

SOURCES: dict[str, Callable[..., Dataset]] = {
  'digits': digits,
  'diabetes': diabetes,
  'breast_cancer': breast_cancer,
  'mnist': mnist,
  'fashion_mnist': fashion_mnist,
  'arrays': arrays,
  'csv': csv_table,
  'image_folder': image_folder,
}


def load(name: str, **fields) -> Dataset:
  """Loads a data set by its name in SOURCES; `fields` are the keyword arguments of that source.

  Raises:
    InputError: an unknown name, an unknown, missing or mistyped field, or data that cannot be used.
  """
  return call(SOURCES, 'data', name, **fields)
