"""Data sources: each returns a Dataset of arrays. Adding one is a function and a line in SOURCES."""

import logging
from collections.abc import Callable

from nn_zoo.data.anomaly import (
  anomaly_table,
  fashion_mnist_one_class,
  mnist_one_class,
  shuttle,
)
from nn_zoo.data.dataset import Dataset
from nn_zoo.data.domains import digits_on_cloth, image_domains
from nn_zoo.data.embedded import breast_cancer, diabetes, digits
from nn_zoo.data.folder import image_folder
from nn_zoo.data.gaussians import gaussians_grid, gaussians_ring
from nn_zoo.data.idx import fashion_mnist, mnist
from nn_zoo.data.memory import adding, copy_memory
from nn_zoo.data.music import jsb_chorales, nottingham, piano_rolls
from nn_zoo.data.npz import arrays
from nn_zoo.data.pairs import multi30k, pairs
from nn_zoo.data.reviews import reviews, text_table
from nn_zoo.data.sequences import sequences
from nn_zoo.data.series import glucose, sea_temperature, series_table
from nn_zoo.data.stacked import stacked_mnist
from nn_zoo.data.table import csv_table
from nn_zoo.data.text_file import text_file, tiny_shakespeare
from nn_zoo.data.timeseries import basic_motions, japanese_vowels, time_series
from nn_zoo.data.written import dates, number_addition
from nn_zoo.named import call

SOURCES: dict[str, Callable[..., Dataset]] = {
  'digits': digits,
  'diabetes': diabetes,
  'breast_cancer': breast_cancer,
  'mnist': mnist,
  'fashion_mnist': fashion_mnist,
  'stacked_mnist': stacked_mnist,
  'mnist_one_class': mnist_one_class,
  'fashion_mnist_one_class': fashion_mnist_one_class,
  'digits_on_cloth': digits_on_cloth,
  'shuttle': shuttle,
  'gaussians_ring': gaussians_ring,
  'gaussians_grid': gaussians_grid,
  'japanese_vowels': japanese_vowels,
  'basic_motions': basic_motions,
  'reviews': reviews,
  'tiny_shakespeare': tiny_shakespeare,
  'adding': adding,
  'copy_memory': copy_memory,
  'number_addition': number_addition,
  'dates': dates,
  'multi30k': multi30k,
  'jsb_chorales': jsb_chorales,
  'nottingham': nottingham,
  'glucose': glucose,
  'sea_temperature': sea_temperature,
  'arrays': arrays,
  'sequences': sequences,
  'time_series': time_series,
  'piano_rolls': piano_rolls,
  'series': series_table,
  'csv': csv_table,
  'anomaly_table': anomaly_table,
  'text': text_table,
  'text_file': text_file,
  'pairs': pairs,
  'image_folder': image_folder,
  'image_domains': image_domains,
}


def load(name: str, **fields) -> Dataset:
  """Loads a data set by its name in SOURCES; `fields` are the keyword arguments of that source.

  Raises:
    InputError: an unknown name, an unknown, missing or mistyped field, or data that cannot be used.
  """
  data = call(SOURCES, 'data', name, **fields)
  for remark in data.remarks:
    logging.getLogger(__name__).info(remark)
  return data
