"""Where a token stands in its sequence: sinusoids, learnt vectors, rotations.

Axes: B batch, T time, H heads, K width of a head, D features.
"""

import jax
import jax.numpy as jnp
import numpy as np


def sinusoids(time: int, width: int) -> np.ndarray:
  """Positions as [T, D]: sin(t / 10000^(2i / D)) in the even columns 2i, the cosine in the odd ones.

  Source: Vaswani et al. 2017, "Attention is all you need", https://arxiv.org/abs/1706.03762, section 3.5.
  """
  angle = np.arange(time)[:, None] / 10000 ** (np.arange(0, width, 2) / width)
  table_TD = np.zeros((time, width), np.float32)
  table_TD[:, 0::2] = np.sin(angle)
  table_TD[:, 1::2] = np.cos(angle)[:, : width // 2]
  return table_TD


def rotated(x_BTHK: jax.Array, position_BT: jax.Array, base: float = 10000.0) -> jax.Array:
  """Queries or keys turned by angles that grow with their position.

  (x_i, x_{i + K/2}) is turned by t / base^(2i / K), so that q_t . k_s depends on t - s alone.

  Source: Su et al. 2021, "RoFormer", https://arxiv.org/abs/2104.09864; the two halves are paired as in
  GPT-NeoX, where the paper pairs neighbours.
  """
  half = x_BTHK.shape[-1] // 2
  rate_J = base ** (-jnp.arange(half) / half)
  angle_BT1J = (position_BT[..., None] * rate_J[None, None])[:, :, None]
  cos, sin = jnp.cos(angle_BT1J).astype(x_BTHK.dtype), jnp.sin(angle_BT1J).astype(x_BTHK.dtype)
  x, y = x_BTHK[..., :half], x_BTHK[..., half:]
  return jnp.concatenate([x * cos - y * sin, x * sin + y * cos], axis=-1)
