"""Attention in NumPy float64, one target at a time, with gradients written by hand."""

import numpy as np


def attention(q_BTHK, k_BSGK, v_BSGK, seen_BHTS, dy_BTHK):
  """Outputs, and the gradients in (q, k, v) of what dy weighs; each target sees a list of places."""
  y = np.zeros(q_BTHK.shape[:3] + v_BSGK.shape[3:])
  dq, dk, dv = (np.zeros(a.shape) for a in (q_BTHK, k_BSGK, v_BSGK))
  heads, groups, scale = q_BTHK.shape[2], k_BSGK.shape[2], q_BTHK.shape[3] ** -0.5
  for b, h, t in np.ndindex(len(q_BTHK), heads, q_BTHK.shape[1]):
    s, g = np.flatnonzero(seen_BHTS[b, h, t]), h // (heads // groups)
    if not len(s):
      continue
    q, k, v, dy = q_BTHK[b, t, h], k_BSGK[b, s, g], v_BSGK[b, s, g], dy_BTHK[b, t, h]
    weight = np.exp(scale * (k @ q) - np.max(scale * (k @ q)))
    weight /= weight.sum()
    y[b, t, h] = weight @ v
    slope = scale * weight * (v @ dy - y[b, t, h] @ dy)
    dq[b, t, h] = slope @ k
    dk[b, s, g] += np.outer(slope, q)
    dv[b, s, g] += np.outer(weight, dy)
  return y, (dq, dk, dv)
