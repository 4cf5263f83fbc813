"""Independent oracles in NumPy float64: values and gradients in closed form."""

import numpy as np


def assert_near(actual, expected, tolerance: float) -> None:
  """No entry is off by more than `tolerance` of the largest: entries near 0 may have cancelled."""
  np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * np.max(np.abs(expected)))
