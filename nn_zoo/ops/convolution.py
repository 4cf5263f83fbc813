"""Convolution whose backward pass is as fast inside a compiled loop as outside.

Axes: B batch, H height, W width, I input channels, O output channels; a kernel is HWIO.
"""

from functools import partial

import jax
import jax.numpy as jnp

from nn_zoo.errors import InputError

Padding = str | tuple[tuple[int, int], tuple[int, int]]


def convolve(x_BHWI: jax.Array, kernel_HWIO: jax.Array, padding: Padding = 'SAME') -> jax.Array:
  """Two-dimensional convolution (cross-correlation) with stride 1.

  y[b, h, w, o] = sum_{i, j, c} x[b, h + i - p, w + j - q, c] kernel[i, j, c, o]

  Args:
    x_BHWI: images.
    kernel_HWIO: filters.
    padding: 'SAME', 'VALID' or ((top, bottom), (left, right)) in pixels.

  Departures: on a CPU the gradients are not XLA's own. XLA rewrites gradient convolutions into a form
  that its fast library covers only outside of loops (jax issue 12868); here the input gradient is a
  plain convolution and the kernel gradient one matrix product over patches. Derivatives of any order can
  be taken in reverse mode, none in forward mode.

  Raises:
    InputError: another padding.
  """
  size_H, size_W = kernel_HWIO.shape[:2]
  if padding == 'SAME':
    padding = tuple(((size - 1) // 2, size // 2) for size in (size_H, size_W))
  elif padding == 'VALID':
    padding = ((0, 0), (0, 0))
  elif isinstance(padding, str):
    raise InputError(
      f"padding={padding!r}: expected 'SAME', 'VALID' or pixels ((top, bottom), (left, right))"
    )
  return _convolve(x_BHWI, kernel_HWIO, tuple(map(tuple, padding)))


def _plain(x_BHWI, kernel_HWIO, padding):
  layout = ('NHWC', 'HWIO', 'NHWC')
  return jax.lax.conv_general_dilated(
    x_BHWI, kernel_HWIO, (1, 1), padding, dimension_numbers=layout
  )


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def _convolve(x_BHWI, kernel_HWIO, padding):
  return _plain(x_BHWI, kernel_HWIO, padding)


def _forward(x_BHWI, kernel_HWIO, padding):
  return _convolve(x_BHWI, kernel_HWIO, padding), (x_BHWI, kernel_HWIO)


def _backward(padding, saved, dy_BHWO):
  # The platform is known only at lowering: one traced program serves every device.
  gradients = jax.lax.platform_dependent(
    *saved,
    dy_BHWO,
    cpu=partial(_gradients_cpu, padding),
    default=partial(_gradients_xla, padding),
  )
  return gradients


def _gradients_xla(padding, x_BHWI, kernel_HWIO, dy_BHWO):
  _, pullback = jax.vjp(lambda x, kernel: _plain(x, kernel, padding), x_BHWI, kernel_HWIO)
  return pullback(dy_BHWO)


def _gradients_cpu(padding, x_BHWI, kernel_HWIO, dy_BHWO):
  size_H, size_W, channels_I, channels_O = kernel_HWIO.shape
  out_H, out_W = dy_BHWO.shape[1:3]
  flipped_HWOI = kernel_HWIO[::-1, ::-1].swapaxes(2, 3)
  (top, bottom), (left, right) = padding
  full = (
    (size_H - 1 - top, size_H - 1 - bottom),
    (size_W - 1 - left, size_W - 1 - right),
  )
  dx_BHWI = _convolve(dy_BHWO, flipped_HWOI, full)
  # Not jnp.pad: in a derivative of a derivative the padding can be negative, and then it crops.
  borders = [(low, high, 0) for low, high in ((0, 0), *padding, (0, 0))]
  x_BHWI = jax.lax.pad(x_BHWI, jnp.zeros((), x_BHWI.dtype), borders)
  shifts = [x_BHWI[:, i : i + out_H, j : j + out_W] for i in range(size_H) for j in range(size_W)]
  patches_NP = jnp.concatenate(shifts, axis=-1).reshape(-1, size_H * size_W * channels_I)
  dkernel_PO = patches_NP.T @ dy_BHWO.reshape(-1, channels_O)
  return dx_BHWI, dkernel_PO.reshape(kernel_HWIO.shape)


_convolve.defvjp(_forward, _backward)


def max_pool(x_BHWC: jax.Array, size: int = 2) -> jax.Array:
  """Maximum over windows of size x size pixels that do not overlap; a remainder at the edge is left.

  Departures: where several pixels share the maximum they share its gradient, too.
  """
  return _windows(x_BHWC, size).max(axis=(2, 4))


def average_pool(x_BHWC: jax.Array, size: int = 2) -> jax.Array:
  """Mean over windows of size x size pixels that do not overlap; a remainder at the edge is left."""
  return _windows(x_BHWC, size).mean(axis=(2, 4))


def _windows(x_BHWC, size):
  batch, height, width, channels = x_BHWC.shape
  rows, columns = height // size, width // size
  cropped_BHWC = x_BHWC[:, : rows * size, : columns * size]
  return cropped_BHWC.reshape(batch, rows, size, columns, size, channels)
