"""The first layer is found and drawn, each filter by itself."""

import base64
import io
import re

import numpy as np
import pytest

from nn_zoo.report import figures, filters

RNG = np.random.default_rng(0)


def kernel(*shape: int) -> dict:
  return {'kernel': RNG.normal(size=shape), 'bias': np.zeros(shape[-1])}


def pictures(html: str) -> list[np.ndarray]:
  from matplotlib.image import imread

  uris = re.findall(r'src="data:image/png;base64,(.*?)"', html)
  return [imread(io.BytesIO(base64.b64decode(uri)), 'png')[..., :3] for uri in uris]


def test_a_convolution_on_gray_is_drawn_filter_by_filter():
  params = {'Conv_0': kernel(5, 5, 1, 6), 'Conv_1': kernel(5, 5, 6, 16), 'Dense_0': kernel(400, 9)}
  section = filters.section(params)
  assert '6 filters of Conv_0/kernel, 5 × 5;' in section.html
  shown = pictures(section.html)
  w = params['Conv_0']['kernel'][..., 0, 2]
  np.testing.assert_allclose(shown[2][..., 0], 0.5 + w / (2 * abs(w).max()), atol=0.5 / 255 + 1e-6)
  assert len(shown) == 6


def test_the_stem_is_found_where_names_sort_blocks_before_it():
  params = {'Block_0': {'Conv_0': kernel(3, 3, 16, 16)}, 'Conv_0': kernel(3, 3, 3, 16)}
  assert filters.first(params, None)[0] == 'Conv_0/kernel'
  deep = {'Block_0': {'Depthwise': kernel(3, 3, 1, 32)}, 'Stem': {'Conv': kernel(3, 3, 3, 32)}}
  assert filters.first(deep, (32, 32, 3))[0] == 'Stem/Conv/kernel'


def test_many_channels_are_averaged_and_many_filters_cut():
  params = {'Conv_0': kernel(3, 3, 4, 100)}
  html = filters.section(params).html
  assert '64 of 100 filters' in html
  assert 'mean over 4 input channels' in html
  assert len(pictures(html)) == 64


def test_a_dense_layer_on_a_square_image_is_drawn():
  params = {'Dense_0': kernel(64, 10), 'Dense_1': kernel(10, 4)}
  path, w = filters.first(params, None)
  assert (path, w.shape) == ('Dense_0/kernel', (8, 8, 1, 10))
  np.testing.assert_array_equal(w[1, 2, 0], params['Dense_0']['kernel'][10].astype(np.float32))
  assert 'Dense_0/kernel, 8 × 8' in filters.section(params).html


def test_the_shape_of_the_image_decides_for_a_dense_layer():
  params = {'Dense_0': kernel(6 * 8 * 3, 5)}
  assert filters.first(params, (6, 8, 3))[1].shape == (6, 8, 3, 5)
  assert filters.section(params, (8, 8, 3)) is None


@pytest.mark.parametrize(
  'params',
  [
    {},
    {'Dense_0': kernel(13, 8)},
    {'Dense_0': kernel(4, 8)},
    {'Conv_0': kernel(1, 1, 3, 8)},
    {'Conv_0': kernel(3, 2, 8)},
    {'Embed_0': {'embedding': np.zeros((64, 8))}},
  ],
)
def test_a_layer_without_a_picture_gives_none(params):
  assert filters.section(params) is None


def test_a_filter_of_zeros_is_grey():
  (shown,) = pictures(filters.section({'Conv_0': {'kernel': np.zeros((3, 3, 3, 1))}}).html)
  np.testing.assert_allclose(shown, 0.5, atol=1 / 255)


def test_large_pictures_are_averaged_down():
  x = np.zeros((200, 100, 3))
  x[::2] = 1
  (shown,) = pictures(f'src="{figures.png(x)}"')
  assert max(shown.shape[:2]) <= figures.LARGEST
  assert shown.shape[0] == 2 * shown.shape[1]


def test_images_are_brought_into_range():
  assert figures.unit(np.array([[[[255]]]], np.uint8)).item() == 1
  x = np.array([-1.0, 0.5, 3.0, np.nan]).reshape(1, 2, 2, 1)
  np.testing.assert_allclose(figures.unit(x).ravel(), [0, 0.375, 1, 0.25])
  y = np.array([0.25, 0.5]).reshape(1, 1, 2, 1)
  np.testing.assert_array_equal(figures.unit(y), y)
