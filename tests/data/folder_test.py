import numpy as np
import pytest
from PIL import Image

from nn_zoo.data import load
from nn_zoo.errors import InputError

RED, GREEN = (255, 0, 0), (0, 255, 0)


def paint(file, colour, size=(6, 4)):
  file.parent.mkdir(exist_ok=True)
  Image.new('RGB', size, colour).save(file)


@pytest.fixture
def root(tmp_path):
  """Two classes; every kind of image once, and what is to be left out."""
  for suffix in ('png', 'bmp', 'gif', 'webp'):
    paint(tmp_path / 'red' / f'1.{suffix}', RED)
  paint(tmp_path / 'green' / '1.JPG', GREEN)
  paint(tmp_path / 'green' / '2.jpeg', GREEN)
  paint(tmp_path / '.thumbnails' / '1.png', GREEN)
  (tmp_path / 'red' / 'notes.txt').write_text('not an image')
  (tmp_path / 'red' / '._1.png').write_bytes(b'not an image')
  return tmp_path


def read(path, *, size=8, channels=3, validation=0):
  return load(
    'image_folder',
    path=str(path),
    size=size,
    channels=channels,
    validation=validation,
    test=0,
    split_seed=0,
  )


def test_folders_are_classes_and_images_are_resized(root):
  data = read(root)
  assert data.classes == ('green', 'red')
  assert data.train['inputs'].shape == (6, 8, 8, 3)
  assert data.train['inputs'].dtype == np.uint8
  assert np.bincount(data.train['targets']).tolist() == [2, 4]
  assert data.train['targets'].dtype == np.int32
  for image, target in zip(data.train['inputs'], data.train['targets'], strict=True):
    np.testing.assert_allclose(image.mean(axis=(0, 1)), (GREEN, RED)[target], atol=2)


def test_images_may_be_grey(root):
  data = read(root, channels=1)
  assert data.train['inputs'].shape == (6, 8, 8, 1)
  np.testing.assert_allclose(data.train['inputs'][data.train['targets'] == 1], 76, atol=1)


def test_an_image_folder_is_split(root):
  data = read(root, validation=2)
  assert (len(data.train['inputs']), len(data.validation['inputs'])) == (4, 2)


def test_the_orientation_in_exif_is_respected(tmp_path):
  (tmp_path / 'a').mkdir()
  exif = Image.Exif()
  exif[0x0112] = 6  # the camera was turned: the first row of pixels is the right side
  image = Image.new('RGB', (4, 4))
  image.paste(RED, (0, 0, 4, 2))
  image.save(tmp_path / 'a' / '1.png', exif=exif)
  upright = read(tmp_path, size=4).train['inputs'][0]
  assert (upright[:, 2:] == RED).all()
  assert (upright[:, :2] == 0).all()


def test_sixteen_bits_of_grey_are_scaled_to_eight(tmp_path):
  (tmp_path / 'a').mkdir()
  deep = (np.arange(16, dtype=np.uint16) * 0x1000).reshape(4, 4)
  Image.fromarray(deep).save(tmp_path / 'a' / '1.png')
  grey = read(tmp_path, size=4, channels=1).train['inputs'][0, :, :, 0]
  np.testing.assert_array_equal(grey, deep >> 8)


@pytest.mark.parametrize(
  'content', [b'', b'not an image', None], ids=['empty', 'text', 'truncated']
)
@pytest.mark.parametrize('name', ['red/0.png', 'red/9.jpg', 'green/5.webp', 'green/1.bmp'])
def test_an_unreadable_image_is_named(root, name, content):
  paint(root / name, RED, size=(64, 64))
  whole = (root / name).read_bytes()
  (root / name).write_bytes(whole[: len(whole) // 2] if content is None else content)
  with pytest.raises(InputError) as caught:
    read(root)
  assert str(caught.value).startswith(f'{root / name}: not a readable image (')
  assert '\n' not in str(caught.value)


def test_a_missing_folder_is_named(tmp_path):
  with pytest.raises(InputError, match=r'nowhere: there is no such folder'):
    read(tmp_path / 'nowhere')


def test_an_empty_folder_is_named(tmp_path):
  with pytest.raises(
    InputError, match=f'^{tmp_path}: empty; expected one folder of images a class'
  ):
    read(tmp_path)


def test_a_class_without_images_is_named(root):
  (root / 'blue').mkdir()
  (root / 'blue' / 'notes.txt').touch()
  with pytest.raises(
    InputError, match=f'^{root / "blue"}: no images; expected files that end in .png'
  ):
    read(root)


@pytest.mark.parametrize(
  ('fields', 'said'),
  [
    ({'size': 0}, 'size=0: expected at least 1'),
    ({'channels': 4}, 'channels=4: expected 1 .* or 3'),
  ],
)
def test_an_impossible_shape_is_refused(root, fields, said):
  with pytest.raises(InputError, match=said):
    read(root, **fields)
