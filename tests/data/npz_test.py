import numpy as np
import pytest

from nn_zoo.data import load
from nn_zoo.errors import InputError

INPUTS = np.arange(40.0).reshape(10, 4)
LABELS = np.arange(10) % 3


@pytest.fixture
def save(tmp_path):
  def write(**arrays):
    np.savez(tmp_path / 'own.npz', **arrays)
    return str(tmp_path / 'own.npz')

  return write


def own(path, *, validation=0, test=0, classes=0):
  return load('arrays', path=path, validation=validation, test=test, split_seed=0, classes=classes)


def test_integer_targets_are_classes(save):
  data = own(save(inputs=INPUTS, targets=LABELS.astype(np.uint8)), validation=2, test=0.3)
  assert data.classes == ('0', '1', '2')
  assert [len(part['inputs']) for part in (data.train, data.validation, data.test)] == [5, 2, 3]
  assert data.train['inputs'].dtype == np.float32
  assert data.train['targets'].dtype == np.int32
  row = int(data.test['inputs'][0, 0]) // 4
  assert data.test['targets'][0] == LABELS[row]


def test_floating_point_targets_are_real_numbers(save):
  data = own(save(inputs=INPUTS, targets=INPUTS[:, 0]))
  assert data.classes == ()
  assert data.train['targets'].shape == (10, 1)
  assert data.train['targets'].dtype == np.float32
  np.testing.assert_array_equal(data.train['targets'], data.train['inputs'][:, :1])
  assert own(save(inputs=INPUTS, targets=INPUTS[:, :2])).train['targets'].shape == (10, 2)


@pytest.mark.parametrize('shape', [(10, 6, 5), (10, 6, 5, 1), (10, 6, 5, 3)])
def test_bytes_of_images_stay_bytes(save, shape):
  data = own(save(inputs=np.ones(shape, np.uint8), targets=LABELS))
  assert data.train['inputs'].dtype == np.uint8
  assert data.train['inputs'].shape == (*shape, 1)[:4]


def test_numbers_of_any_rank_become_float32(save):
  data = own(save(inputs=np.ones((10, 6, 5), np.int16), targets=LABELS))
  assert data.train['inputs'].dtype == np.float32
  assert data.train['inputs'].shape == (10, 6, 5)


def test_the_number_of_classes_may_be_given(save):
  assert len(own(save(inputs=INPUTS, targets=LABELS), classes=7).classes) == 7


def test_an_official_division_is_kept(save):
  path = save(
    inputs=INPUTS, targets=LABELS, test_inputs=INPUTS[:2] + 100, test_targets=np.array([3, 0])
  )
  data = own(path, validation=4)
  assert [len(part['inputs']) for part in (data.train, data.validation, data.test)] == [6, 4, 2]
  np.testing.assert_array_equal(data.test['inputs'], INPUTS[:2] + 100)
  assert data.test['targets'].tolist() == [3, 0]
  assert data.test['targets'].dtype == np.int32
  assert len(data.classes) == 4
  with pytest.raises(InputError, match=r"test=0.2: .*own.npz holds 'test_inputs' itself"):
    own(path, test=0.2)


@pytest.mark.parametrize(
  ('arrays', 'said'),
  [
    ({'inputs': INPUTS}, "array 'targets' is missing; there are: inputs"),
    ({'X': INPUTS, 'y': LABELS}, "array 'inputs' is missing; there are: X, y"),
    ({'inputs': INPUTS[0], 'targets': LABELS}, r"'inputs' is float64 \[4\]; expected numbers"),
    ({'inputs': INPUTS.astype(str), 'targets': LABELS}, "'inputs' is <U32"),
    ({'inputs': INPUTS, 'targets': LABELS.astype(str)}, "'targets' is <U21"),
    ({'inputs': INPUTS, 'targets': LABELS[:, None]}, r"'targets' is int64 \[10, 1\]; expected"),
    ({'inputs': INPUTS, 'targets': np.float32(1)}, r"'targets' is float32 \[\]; expected"),
    ({'inputs': INPUTS, 'targets': LABELS[1:]}, "'inputs' has 10 rows and 'targets' 9"),
    ({'inputs': INPUTS[:0], 'targets': LABELS[:0] / 1}, 'no training example of 0'),
    ({'inputs': INPUTS, 'targets': LABELS * 1000}, 'up to 2000 in 10 rows; give classes, or save'),
    ({'inputs': INPUTS * 1e38, 'targets': LABELS}, "'inputs', row 1 .* holds inf"),
    (
      {'inputs': INPUTS, 'targets': LABELS, 'test_inputs': INPUTS[:, :3], 'test_targets': LABELS},
      r"'test_inputs' is float32 \[10, 3\], but 'inputs' is float32 \[10, 4\]",
    ),
    (
      {'inputs': INPUTS, 'targets': LABELS, 'test_inputs': INPUTS, 'test_targets': LABELS / 1},
      "'test_targets' is float32 .* but 'targets' is int64",
    ),
  ],
)
def test_arrays_that_do_not_fit_are_named(save, arrays, said):
  with pytest.raises(InputError, match=said):
    own(save(**arrays))


def test_nan_is_named_by_array_and_row(save):
  holed = INPUTS.copy()
  holed[7, 1] = np.nan
  with pytest.raises(InputError, match=r"own.npz: array 'inputs', row 7 .* holds nan"):
    own(save(inputs=holed, targets=LABELS))
  with pytest.raises(InputError, match=r"own.npz: array 'validation_inputs', row 7 .* holds nan"):
    own(save(inputs=INPUTS, targets=LABELS, validation_inputs=holed, validation_targets=LABELS))


@pytest.mark.parametrize(('label', 'classes'), [(3, 3), (-1, 3), (-1, 0)])
def test_a_label_out_of_range_is_named_by_row(save, label, classes):
  labels = LABELS.copy()
  labels[4] = label
  with pytest.raises(InputError, match=f'row 4 .* holds class {label}; expected .* 0 to 2'):
    own(save(inputs=INPUTS, targets=labels), classes=classes)


def test_real_targets_are_no_classes(save):
  with pytest.raises(
    InputError, match=r"classes=3: array 'targets' of .*own.npz is floating-point"
  ):
    own(save(inputs=INPUTS, targets=LABELS / 1), classes=3)


def test_a_missing_file_is_named():
  with pytest.raises(InputError, match=r'path=nowhere.npz: there is no such file'):
    own('nowhere.npz')


@pytest.mark.parametrize(
  'damage',
  [
    lambda content: content[:-30],
    lambda content: content[:200] + bytes(40) + content[240:],
    lambda content: b'',
    lambda content: b'not a zip',
  ],
  ids=['truncated', 'corrupt', 'empty', 'foreign'],
)
def test_a_damaged_file_is_named(save, damage, tmp_path):
  path = save(inputs=INPUTS, targets=LABELS)
  content = (tmp_path / 'own.npz').read_bytes()
  (tmp_path / 'own.npz').write_bytes(damage(content))
  with pytest.raises(InputError, match=r'own.npz: not a sound .npz file') as caught:
    own(path)
  assert '\n' not in str(caught.value)


def test_pickled_objects_and_single_arrays_are_refused(save, tmp_path):
  with pytest.raises(InputError, match=r'own.npz: not a sound .npz file of plain arrays'):
    own(save(inputs=np.array([{}, []], object), targets=LABELS))
  np.save(tmp_path / 'one.npy', INPUTS)
  with pytest.raises(InputError, match=r'one.npy: not a sound .npz file of plain arrays'):
    own(str(tmp_path / 'one.npy'))
