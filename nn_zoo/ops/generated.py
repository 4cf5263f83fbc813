"""How good generated examples are: figures of whole sets, in float64; numpy alone.

Axes: N real examples, M generated ones, D features, K modes or classes, R rows, T steps, Z latent.
"""

from typing import Any, NamedTuple

import numpy as np

WITHIN = 3  # standard deviations from a centre that a good point may lie
NEIGHBOURS = 5
ROWS = 512  # of a matrix of distances, made at a time
COMPARED = (
  1000  # examples whose nearest training examples are sought: 55,000 images take a second or two
)
WIDEST = 1024  # features of which covariances are taken: the time grows with the third power


def modes(x_ND: np.ndarray, label_N: np.ndarray, classes: int) -> tuple[np.ndarray, float]:
  """The mean of each class, and the standard deviation about them over all classes and numbers."""
  x_ND = x_ND.astype(np.float64)
  centre_KD = np.stack([x_ND[label_N == label].mean(axis=0) for label in range(classes)])
  return centre_KD, float(np.sqrt(np.mean((x_ND - centre_KD[label_N]) ** 2)))


def mode_figures(x_MD: np.ndarray, centre_KD: np.ndarray, deviation: float) -> dict[str, Any]:
  """How many modes are found, how many points are good, and how evenly they lie on the modes.

  A point is good if it is within 3 deviations of the nearest centre; a mode is found if a good point is
  there. See `evenness` for the others.

  Source: Srivastava et al. 2017, "VEEGAN", https://arxiv.org/abs/1705.07761.
  """
  nearest_M, distance_M = nearest(x_MD, centre_KD)
  good_M = distance_M <= WITHIN * deviation
  count_K = np.bincount(nearest_M[good_M], minlength=len(centre_KD))
  return {'good_share': float(good_M.mean()), **evenness(count_K)}


def evenness(count_K: np.ndarray) -> dict[str, Any]:
  """How many modes or classes are found, and how evenly the examples lie on them.

  With q_k the share of the examples at mode k:   mode_kl = sum_k q_k log(K q_k), in nats; 0 is even, and
  log K, the most there can be, is all at one mode, or none at any. mode_least and mode_most are the smallest
  and the largest share.
  """
  share_K = count_K / max(count_K.sum(), 1)
  found_K = share_K[share_K > 0]
  kl = np.sum(found_K * np.log(len(share_K) * found_K)) if len(found_K) else np.log(len(share_K))
  return {
    'modes': float(np.count_nonzero(count_K)),
    'mode_kl': float(kl),
    'mode_least': float(share_K.min()),
    'mode_most': float(share_K.max()),
    'mode_shares': share_K.tolist(),
  }


class Reference(NamedTuple):
  """Real examples, and what every comparison with them needs: made once, see `reference`."""

  x_ND: np.ndarray
  radius_N: np.ndarray  # to the k-th neighbour
  k: int
  moments: tuple[
    np.ndarray, np.ndarray, np.ndarray
  ]  # mean, covariance and its root; empty above WIDEST


def reference(x_ND: np.ndarray, k: int = NEIGHBOURS) -> Reference:
  """Real examples with their moments and their balls, which reach to each one's k-th neighbour."""
  moments = ()
  if x_ND.shape[1] <= WIDEST:
    covariance_DD = np.atleast_2d(np.cov(x_ND, rowvar=False))
    value_D, vector_DD = np.linalg.eigh(covariance_DD)
    root_DD = (vector_DD * np.sqrt(np.maximum(value_D, 0))[None]) @ vector_DD.T
    moments = x_ND.mean(axis=0), covariance_DD, root_DD
  return Reference(x_ND, _radius(x_ND, k), k, moments)


def frechet_distance(real: Reference, y_MD: np.ndarray) -> float:
  """|m_x - m_y|^2 + tr(C_x + C_y - 2 (C_x C_y)^(1/2)), of normal distributions with these moments.

  Source: Dowson & Landau 1982, https://doi.org/10.1016/0047-259X(82)90077-X; for generated images Heusel et
  al. 2017, https://arxiv.org/abs/1706.08500, whose Inception features give the "FID"; here features are
  others.
  """
  mean_D, real_DD, root_DD = real.moments
  gap_D = mean_D - y_MD.mean(axis=0)
  covariance_DD = np.atleast_2d(np.cov(y_MD, rowvar=False))
  cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root_DD @ covariance_DD @ root_DD), 0)).sum()
  traces = np.trace(real_DD) + np.trace(covariance_DD)
  return float(max(gap_D @ gap_D + traces - 2 * cross, 0))


def neighbourhoods(real: Reference, y_MD: np.ndarray) -> dict[str, float]:
  """Fidelity and variety by balls that reach from each example to its k-th neighbour of the same set.

  precision: share of generated examples in a ball of a real one.
  recall: share of real examples in a ball of a generated one.
  density: mean number of real balls that a generated example is in, divided by k.
  coverage: share of real balls with a generated example in them.

  Sources: Kynkaanniemi et al. 2019, "Improved precision and recall metric", https://arxiv.org/abs/1904.06991;
  Naeem et al. 2020, "Reliable fidelity and diversity metrics", https://arxiv.org/abs/2002.09797.
  """
  radius_M = _radius(y_MD, real.k)
  inside, reached, covered = [], [], []
  for first in range(0, len(y_MD), ROWS):
    d_MN = _squares(y_MD[first : first + ROWS], real.x_ND)
    inside.append((d_MN <= real.radius_N[None]).sum(axis=1))
    reached.append((d_MN <= radius_M[first : first + ROWS, None]).any(axis=0))
    covered.append((d_MN <= real.radius_N[None]).any(axis=0))
  inside_M = np.concatenate(inside)
  return {
    'precision': float(np.mean(inside_M > 0)),
    'recall': float(np.any(reached, axis=0).mean()),
    'density': float(inside_M.mean() / real.k),
    'coverage': float(np.any(covered, axis=0).mean()),
  }


def classifier_score(probability_MK: np.ndarray) -> float:
  """exp(mean_m KL(p_m | mean p)), from 1 to K: sure of each example, and of all classes evenly.

  Source: Salimans et al. 2016, https://arxiv.org/abs/1606.03498, there of the Inception network.
  """
  p_MK = np.maximum(probability_MK.astype(np.float64), 1e-30)
  return float(np.exp(np.mean(np.sum(p_MK * np.log(p_MK / p_MK.mean(axis=0)[None]), axis=1))))


def nearest(x_MD: np.ndarray, y_ND: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """For each x the row of the nearest y, and the Euclidean distance to it.

  The row is found in float32, by a matrix product a block of y, and the distance to it taken in float64.
  """
  origin_1D = y_ND.mean(
    axis=0, keepdims=True, dtype=np.float64
  )  # what is far off would lose digits
  near_MD = np.float32(x_MD - origin_1D)
  row_M, score_M = np.zeros(len(x_MD), int), np.full(len(x_MD), np.inf, np.float32)
  for first in range(0, len(y_ND), ROWS):
    block_RD = np.float32(y_ND[first : first + ROWS] - origin_1D)
    score_MR = (block_RD**2).sum(axis=1)[None] - 2 * near_MD @ block_RD.T  # |x - y|^2 - |x|^2
    found_M = score_MR.argmin(axis=1)
    least_M = score_MR[np.arange(len(x_MD)), found_M]
    row_M = np.where(least_M < score_M, first + found_M, row_M)
    score_M = np.minimum(least_M, score_M)
  gap_MD = x_MD.astype(np.float64) - y_ND[row_M]
  return row_M, np.sqrt((gap_MD**2).sum(axis=1))


def median_distance(x: np.ndarray, training: np.ndarray) -> float:
  """The median over examples of the Euclidean distance to the nearest training example.

  Of more than COMPARED examples as many are taken, evenly spaced; of the training examples all.

  Args:
    x: examples [M, ...].
    training: of the same shape [N, ...].
  """
  rows = np.linspace(0, len(x) - 1, min(len(x), COMPARED)).round().astype(int)
  _, distance_M = nearest(x[rows].reshape(len(rows), -1), training.reshape(len(training), -1))
  return float(np.median(distance_M))


def novelty(generated: np.ndarray, training: np.ndarray, usual: float) -> float:
  """How far generated examples are from the training examples, held-out real ones being at 1.

  median over m of min_n |g_m - t_n|, divided by the same of held-out examples
  Well below 1 the generator copies what it was trained on; above 1 its examples are further from the data
  than real ones are, as noise is.

  Args:
    generated: examples [M, ...].
    training: those of training [N, ...].
    usual: `median_distance` of held-out examples.

  Source of the comparison of these two distances: Meehan, Chaudhuri & Dasgupta 2020, "A non-parametric test
  to detect data-copying in generative models", https://arxiv.org/abs/2004.05675. Departure: a quotient of
  medians over all of the space in place of a rank test in each of its cells.
  """
  return median_distance(generated, training) / usual


def interpolated(first_RZ: np.ndarray, last_RZ: np.ndarray, steps: int) -> np.ndarray:
  """Latents [R, steps, Z] along great circles, so that their lengths stay those of normal numbers.

  Source: White 2016, "Sampling generative networks", https://arxiv.org/abs/1609.04468.
  """
  lengths = np.linalg.norm(first_RZ, axis=1) * np.linalg.norm(last_RZ, axis=1)
  angle_R = np.arccos(np.clip(np.sum(first_RZ * last_RZ, axis=1) / lengths, -0.9999, 0.9999))
  t_T = np.linspace(0, 1, steps)[None]
  sine = np.sin(angle_R)[:, None]
  start_RT, end_RT = (np.sin(t * angle_R[:, None]) / sine for t in (1 - t_T, t_T))
  return start_RT[..., None] * first_RZ[:, None] + end_RT[..., None] * last_RZ[:, None]


def _squares(x_MD, y_ND):
  # |x - y|^2 by one matrix product; rounding can make it less than nothing.
  square = (x_MD**2).sum(1)[:, None] + (y_ND**2).sum(1)[None] - 2 * x_MD @ y_ND.T
  return np.maximum(square, 0)


def _radius(x_ND, k):
  # To the k-th neighbour, of which the example itself is none.
  parts = (
    np.partition(_squares(x_ND[first : first + ROWS], x_ND), k, axis=1)[:, k]
    for first in range(0, len(x_ND), ROWS)
  )
  return np.concatenate([*parts])
