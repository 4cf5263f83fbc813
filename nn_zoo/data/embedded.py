"""The small data sets that come with scikit-learn: nothing to fetch."""

import numpy as np

from nn_zoo.data.dataset import Dataset, at_least, first, keep_classes, split


def digits(
  *,
  scale: int = 1,
  keep: tuple[int, ...] = (),
  limit: int = 0,
  validation: float,
  test: float,
  split_seed: int,
) -> Dataset:
  """Loads 1797 handwritten digits of 8 x 8 pixels, uint8 [N, 8 scale, 8 scale, 1], 10 classes.

  Args:
    scale: enlarges both sides by this factor (bicubic); 4 gives 32 x 32.
    keep: the classes to take, counted anew from 0 in this order; () for all.
    limit: training examples to take, drawn by split_seed; 0 for all.
    validation: fraction or number of examples held out to choose by.
    test: fraction or number of examples held out to report.
    split_seed: seed of the division.

  Source: E. Alpaydin and C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine
    Learning Repository, https://doi.org/10.24432/C50P49 (its test part, 16 grey levels).
  """
  from PIL import Image
  from sklearn.datasets import load_digits

  side = 8 * at_least('scale', scale, 1)
  data = load_digits()
  rows, targets, names = keep_classes(data.target.astype(np.int32), tuple('0123456789'), keep)
  images = np.rint(data.images[rows] * (255 / 16)).astype(np.uint8)
  if scale > 1:
    images = np.stack(
      [Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC) for image in images]
    )
  train, *held = split(
    images[..., None], targets, validation=validation, test=test, seed=split_seed
  )
  return Dataset(first(train, limit), *held, classes=names)


def diabetes(*, validation: float, test: float, split_seed: int) -> Dataset:
  """Loads a regression table: 442 patients, 10 measurements, progression after a year [N, 1].

  Args:
    validation: fraction or number of examples held out to choose by.
    test: fraction or number of examples held out to report.
    split_seed: seed of the division.

  Source: B. Efron, T. Hastie, I. Johnstone and R. Tibshirani (2004), Least Angle Regression,
    Annals of Statistics 32, https://doi.org/10.1214/009053604000000067.
  """
  from sklearn.datasets import load_diabetes

  data = load_diabetes(scaled=False)
  inputs, targets = data.data.astype(np.float32), data.target.astype(np.float32)[:, None]
  return Dataset(
    *split(inputs, targets, validation=validation, test=test, seed=split_seed), classes=()
  )


def breast_cancer(*, validation: float, test: float, split_seed: int) -> Dataset:
  """Loads a classification table: 569 tumours, 30 measurements, malignant or benign.

  Args:
    validation: fraction or number of examples held out to choose by.
    test: fraction or number of examples held out to report.
    split_seed: seed of the division.

  Source: W. Wolberg, O. Mangasarian, N. Street and W. Street (1995), Breast Cancer Wisconsin
    (Diagnostic), UCI Machine Learning Repository, https://doi.org/10.24432/C5DW2B.
  """
  from sklearn.datasets import load_breast_cancer

  data = load_breast_cancer()
  inputs, targets = data.data.astype(np.float32), data.target.astype(np.int32)
  parts = split(inputs, targets, validation=validation, test=test, seed=split_seed)
  return Dataset(*parts, classes=tuple(str(name) for name in data.target_names))
