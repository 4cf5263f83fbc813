"""Augmentation: what may change does, what may not does not, and every example has its own draw."""

from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.data.augmentation import AUGMENTATIONS, augmentation
from nn_zoo.errors import InputError

KEY = jax.random.key(0)
IMAGES = np.random.default_rng(0).integers(1, 255, (32, 9, 8, 2)).astype(np.uint8)
BATCH = {
  'inputs': jnp.asarray(IMAGES),
  'targets': jnp.arange(32, dtype=jnp.int32) % 4,
  'weight': jnp.ones(32, jnp.float32),
}
FIELDS = {
  'shift': {'pixels': 2},
  'flip': {'probability': 0.5},
  'crop': {'smallest': 0.5},
  'cutout': {'pixels': 3},
  'erasing': {'probability': 1.0, 'smallest': 0.1, 'largest': 0.3},
  'randaugment': {'count': 2, 'magnitude': 9.0},
  'mixup': {'alpha': 0.4},
  'cutmix': {'alpha': 1.0},
}


@cache
def compiled(fields):
  return jax.jit(augmentation({name: dict(items) for name, items in fields}, 4))


def augmented(fields, key=KEY, batch=BATCH):
  return compiled(tuple((name, tuple(items.items())) for name, items in fields.items()))(key, batch)


def test_every_augmentation_is_tested():
  assert FIELDS.keys() == AUGMENTATIONS.keys()


@pytest.mark.parametrize('name', FIELDS)
def test_shapes_stay_the_key_decides_and_examples_differ(name):
  first, again = augmented({name: FIELDS[name]}), augmented({name: FIELDS[name]})
  other = augmented({name: FIELDS[name]}, jax.random.key(1))
  assert first['inputs'].shape == IMAGES.shape
  np.testing.assert_array_equal(first['inputs'], again['inputs'])
  assert np.any(first['inputs'] != other['inputs'])
  same = BATCH | {'inputs': jnp.broadcast_to(BATCH['inputs'][:1], IMAGES.shape)}
  if name not in ('mixup', 'cutmix'):  # which blend examples, and so leave equal ones equal
    results = np.asarray(augmented({name: FIELDS[name]}, batch=same)['inputs'])
    assert len(np.unique(results.reshape(32, -1), axis=0)) > 1


def test_shift_moves_an_image_as_a_whole_and_brings_in_zeros():
  shifted = np.asarray(augmented({'shift': {'pixels': 2}})['inputs'])
  padded = np.pad(IMAGES, ((0, 0), (2, 2), (2, 2), (0, 0)))
  places = set()
  for image, source in zip(shifted, padded, strict=True):
    fits = [
      (i, j)
      for i in range(5)
      for j in range(5)
      if np.array_equal(source[i : i + 9, j : j + 8], image)
    ]
    assert len(fits) == 1
    places.add(fits[0])
  assert len(places) > 8


def test_flip_mirrors_about_half_and_leaves_the_rest():
  flipped = np.asarray(augmented({'flip': {'probability': 0.5}})['inputs'])
  mirrored = [np.array_equal(a, b[:, ::-1]) for a, b in zip(flipped, IMAGES, strict=True)]
  kept = [np.array_equal(a, b) for a, b in zip(flipped, IMAGES, strict=True)]
  assert all(a or b for a, b in zip(mirrored, kept, strict=True))
  assert 6 <= sum(mirrored) <= 26


def test_crop_keeps_the_range_and_at_full_size_the_image():
  cropped = np.asarray(augmented({'crop': {'smallest': 0.5}})['inputs'])
  assert cropped.min() >= 0
  assert cropped.max() <= 255
  whole = augmented({'crop': {'smallest': 1.0}})['inputs']
  np.testing.assert_allclose(whole, IMAGES, atol=1e-3)


def test_crop_of_a_ramp_is_a_part_of_the_ramp():
  ramp = np.broadcast_to(np.arange(8.0, dtype=np.float32)[None, None, :, None], IMAGES.shape)
  rows = np.asarray(
    augmented({'crop': {'smallest': 0.5}}, batch=BATCH | {'inputs': ramp})['inputs']
  )[:, 4, :, 0]
  steps = np.diff(rows, axis=1)[:, 1:-1]
  assert np.all((steps > 0.49) & (steps < 1.01))
  np.testing.assert_allclose(steps, np.broadcast_to(steps[:, :1], steps.shape), atol=1e-3)


def test_cutout_clears_one_square_and_nothing_else():
  erased = np.asarray(augmented({'cutout': {'pixels': 3}})['inputs'])
  for image, source in zip(erased, IMAGES, strict=True):
    gone = np.any(image != source, axis=-1)
    rows, columns = np.flatnonzero(gone.any(axis=1)), np.flatnonzero(gone.any(axis=0))
    assert 1 <= len(rows) <= 3
    assert 1 <= len(columns) <= 3
    assert gone[np.ix_(rows, columns)].all()
    assert not image[gone].any()


def windows_of(fields, images):
  """The height and width of what `erasing` takes from each image; 0 and 0 for nothing."""
  batch = {
    'inputs': images,
    'targets': jnp.zeros(len(images), int),
    'weight': jnp.ones(len(images)),
  }
  erased = np.asarray(augmented({'erasing': fields}, batch=batch)['inputs'])
  assert erased.dtype == images.dtype
  sides = []
  for image in erased:
    gone = np.all(image == 0, axis=-1)
    rows, columns = np.flatnonzero(gone.any(axis=1)), np.flatnonzero(gone.any(axis=0))
    assert gone.sum() == len(rows) * len(columns) == gone[np.ix_(rows, columns)].sum()
    if len(rows):
      assert len(rows) == np.ptp(rows) + 1
      assert len(columns) == np.ptp(columns) + 1
    sides.append((len(rows), len(columns)))
  return np.array(sides).T


def test_erasing_clears_windows_of_the_areas_and_aspects_asked_for():
  images = np.full((2000, 40, 50, 3), 7, np.uint8)
  height_B, width_B = windows_of({'probability': 1.0, 'smallest': 0.05, 'largest': 0.15}, images)
  share_B = height_B * width_B / 2000
  assert 0.04 < share_B.min() < 0.06
  assert 0.14 < share_B.max() < 0.16
  np.testing.assert_allclose(share_B.mean(), 0.1, atol=0.003)
  aspect_B = np.log(height_B / width_B)
  assert np.abs(aspect_B).max() < -np.log(0.3) + 0.15
  np.testing.assert_allclose(
    [aspect_B.mean(), aspect_B.std()], [0, -np.log(0.3) / 3**0.5], atol=0.05
  )


def test_erasing_takes_a_side_at_most_and_images_with_the_probability_given():
  images = np.full((2000, 6, 40, 1), 7, np.float32)
  height_B, _ = windows_of({'probability': 0.25, 'smallest': 0.4, 'largest': 0.9}, images)
  np.testing.assert_allclose(np.mean(height_B > 0), 0.25, atol=0.04)
  assert height_B.max() == 6


def test_randaugment_of_reals_is_refused():
  batch = BATCH | {'inputs': jnp.ones(IMAGES.shape)}
  with pytest.raises(InputError, match='pixels of 0 to 255 as uint8, the inputs are float32'):
    augmented({'randaugment': {'count': 1, 'magnitude': 5.0}}, batch=batch)


def test_mixup_blends_inputs_and_targets_by_the_same_share():
  mixed = augmented({'mixup': {'alpha': 1.0}})
  targets = np.asarray(mixed['targets'])
  np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-6)
  key_share, key_order = jax.random.split(jax.random.fold_in(KEY, 0))
  share = float(jax.random.beta(key_share, 1.0, 1.0))
  order = np.asarray(jax.random.permutation(key_order, 32))
  expected = share * IMAGES.astype(np.float64) + (1 - share) * IMAGES[order]
  np.testing.assert_allclose(mixed['inputs'], expected, rtol=1e-5)
  one_hot = np.eye(4)[np.asarray(BATCH['targets'])]
  np.testing.assert_allclose(targets, share * one_hot + (1 - share) * one_hot[order], atol=1e-6)


def test_mixup_of_real_targets_blends_them_as_they_are():
  batch = BATCH | {'targets': jnp.arange(32.0)[:, None]}
  mixed = jax.jit(augmentation({'mixup': {'alpha': 1.0}}, 0))(KEY, batch)
  assert mixed['targets'].shape == (32, 1)
  assert 0 <= float(mixed['targets'].min()) <= float(mixed['targets'].max()) <= 31


@pytest.mark.parametrize('seed', range(6))
def test_cutmix_shares_out_the_targets_exactly_by_the_pixels(seed):
  mixed = augmented({'cutmix': {'alpha': 1.0}}, jax.random.key(seed))
  # Each image is of one value, so that every pixel says where it comes from.
  flat = np.broadcast_to(np.arange(32, dtype=np.uint8)[:, None, None, None], IMAGES.shape)
  batch = BATCH | {'inputs': jnp.asarray(flat)}
  images = np.asarray(augmented({'cutmix': {'alpha': 1.0}}, jax.random.key(seed), batch)['inputs'])
  window = np.any(images != flat, axis=(0, 3))
  rows, columns = np.flatnonzero(window.any(axis=1)), np.flatnonzero(window.any(axis=0))
  assert window.sum() == len(rows) * len(columns)
  assert window[np.ix_(rows, columns)].all()
  if len(rows):
    assert rows[-1] - rows[0] < len(rows)
    assert columns[-1] - columns[0] < len(columns)
  other = images[:, rows[0], columns[0], 0] if len(rows) else np.arange(32)
  assert sorted(other) == list(range(32))
  expected = np.where(window[..., None], IMAGES[other], IMAGES)
  np.testing.assert_array_equal(mixed['inputs'], expected)
  assert mixed['inputs'].dtype == np.uint8
  targets = np.asarray(mixed['targets'])
  one_hot = np.eye(4)[np.asarray(BATCH['targets'])]
  pixels = (window.size - window.sum()) * one_hot + window.sum() * one_hot[other]
  np.testing.assert_array_equal(targets.sum(axis=1), 1)
  np.testing.assert_array_equal(np.rint(targets * window.size), pixels)
  np.testing.assert_allclose(targets, pixels / window.size, rtol=2e-6)
  np.testing.assert_array_equal(mixed['weight'], BATCH['weight'])


def test_the_windows_of_cutmix_have_the_area_of_the_paper():
  batch = {'inputs': jnp.zeros((16, 64, 64, 1)), 'targets': jnp.arange(16), 'weight': jnp.ones(16)}
  change = partial(AUGMENTATIONS['cutmix'], batch=batch, alpha=1.0, classes=16)
  targets = jax.jit(jax.vmap(lambda key: change(key)['targets']))(jax.random.split(KEY, 500))
  kept = np.diagonal(targets, axis1=1, axis2=2).min(axis=1)  # an example may be its own partner
  # A side l with its centre anywhere covers l - l^2/4 on average; l^2 is uniform for alpha = 1.
  np.testing.assert_allclose(kept.mean(), 1 - (1 / 2 - 1 / 5 + 1 / 48), atol=0.04)


def test_cutmix_of_real_targets_blends_them_as_they_are():
  batch = BATCH | {'targets': jnp.arange(32.0)[:, None]}
  mixed = jax.jit(augmentation({'cutmix': {'alpha': 1.0}}, 0))(KEY, batch)
  assert mixed['targets'].shape == (32, 1)
  np.testing.assert_allclose(mixed['targets'].sum(), 31 * 16, rtol=1e-6)


def test_cutmix_of_mixed_targets_shares_those_out():
  mixed = augmented({'mixup': {'alpha': 1.0}, 'cutmix': {'alpha': 1.0}})
  np.testing.assert_allclose(mixed['targets'].sum(axis=1), 1, rtol=1e-6)


def test_none_leaves_the_batch_alone():
  assert augmentation({}, 4)(KEY, BATCH) is BATCH


@pytest.mark.parametrize(
  ('fields', 'message'),
  [
    ({'flipp': {}}, "Did you mean 'flip'"),
    ({'shift': {'pixel': 2}}, "Did you mean 'pixels'"),
    ({'shift': {}}, 'needs pixels'),
    ({'shift': {'pixels': 1.5}}, 'expected an integer'),
    ({'cutout': {'pixels': 0}}, 'augment.cutout.pixels=0: expected 1 or more'),
    (
      {'erasing': {'probability': 1.0, 'smallest': 0.5, 'largest': 0.4}},
      'augment.erasing.smallest=0.5: expected at most largest=0.4',
    ),
    ({'flip': {'probability': 50.0}}, 'augment.flip.probability=50.0: expected 0 to 1'),
    ({'crop': {'smallest': 0.0}}, 'augment.crop.smallest=0.0: expected a share above 0'),
    ({'mixup': {'alpha': 0.0}}, 'augment.mixup.alpha=0.0: expected a number above 0'),
    ({'randaugment': {'count': 0, 'magnitude': 5}}, 'randaugment.count=0: expected 1 or more'),
    ({'randaugment': {'count': 1, 'magnitude': 11}}, 'randaugment.magnitude=11: expected 0 to 10'),
  ],
)
def test_a_wrong_name_or_field_is_named(fields, message):
  with pytest.raises(InputError, match=message):
    augmentation(fields, 4)


@pytest.mark.parametrize('name', sorted(FIELDS.keys() - {'mixup'}))
def test_inputs_that_are_no_images_are_named(name):
  augment = augmentation({name: FIELDS[name]}, 4)
  with pytest.raises(InputError, match=rf'augment.{name}: expected images .* \(32, 5\)'):
    augment(KEY, BATCH | {'inputs': jnp.ones((32, 5))})


def test_mixup_blends_tables_and_the_classes_of_each_position_but_no_dictionary():
  batch = BATCH | {'inputs': jnp.ones((32, 5)), 'targets': jnp.arange(64).reshape(32, 2) % 4}
  mixed = augmented({'mixup': {'alpha': 1.0}}, batch=batch)
  assert mixed['targets'].shape == (32, 2, 4)
  np.testing.assert_allclose(mixed['targets'].sum(axis=-1), 1, rtol=1e-6)
  with pytest.raises(InputError, match=r'augment.mixup: expected images .*length'):
    augmented({'mixup': {'alpha': 1.0}}, batch=BATCH | {'inputs': {'length': jnp.ones(32)}})
