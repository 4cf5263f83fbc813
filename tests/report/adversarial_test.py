import numpy as np

from nn_zoo.report.adversarial import reconstructions, sections

rng = np.random.default_rng(0)


def titles(found):
  return [section.title for section in found]


def test_points_are_shown_over_the_data_with_the_critic_and_the_modes():
  real, made = rng.normal(size=(2, 50, 2))
  at = np.stack(np.meshgrid(*np.linspace(-2, 2, 10)[None].repeat(2, 0)), axis=-1)
  field = (at, at.sum(axis=-1))
  found = sections({}, real, made, field=field, mode_shares=[0.25, 0.75], classes=('a', 'b'))
  assert titles(found) == ['Samples over the data', 'Modes']
  far = sections({}, real, made + 100, mode_shares=None)
  assert '50 generated points lie outside the picture' in far[0].html


def test_images_are_shown_with_paths_and_nearest_neighbours():
  made = 255 * rng.uniform(size=(70, 6, 6, 1))
  near = np.uint8(made[:8]), np.arange(8) / 7
  found = sections({}, np.uint8(made), made, paths=made[:32], neighbours=near)
  assert titles(found) == ['Generated images', 'Interpolations', 'Nearest training images']
  assert [section.html.count('<img') for section in found] == [64, 32, 8]
  assert '0.143' in found[2].html
  shares = {'mode_shares': [0.2, 0.8], 'classes': ('a', 'b')}
  assert titles(sections({}, np.uint8(made), made, **shares)) == [
    'Generated images',
    'Classes made',
  ]


def test_shares_of_many_classes_are_shown_by_size_without_names():
  made = 255 * rng.uniform(size=(4, 6, 6, 1))
  shares, names = rng.permutation(200) / 19900, tuple(map(str, range(200)))
  found = sections({}, np.uint8(made), made, mode_shares=shares, classes=names)
  assert titles(found) == ['Generated images', 'Classes made']
  assert 'the most frequent first' in found[1].html
  assert '>199<' not in found[1].html


def test_an_autoencoder_shows_reconstructions_draws_and_codes():
  x = np.uint8(255 * rng.uniform(size=(40, 6, 6, 1)))
  label = np.arange(40) % 2
  found = reconstructions(
    x, label, x * 0.5, drawn=x[:30], codes=rng.normal(size=(40, 2)), classes=('a', 'b')
  )
  assert titles(found) == ['Reconstructions', 'Images drawn from the prior', 'Codes']
  assert [section.html.count('<img') for section in found] == [64, 30, 0]
