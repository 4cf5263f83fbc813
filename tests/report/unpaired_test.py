import numpy as np

from nn_zoo.report.unpaired import sections

rng = np.random.default_rng(0)


def test_images_are_shown_with_their_translations_and_the_way_back():
  grey, colour = rng.integers(0, 256, (20, 8, 8, 1)), rng.integers(0, 256, (20, 8, 8, 3))
  found = sections(grey, {'image': colour}, 1.0 * colour, returned=grey[:16], classes=('a',))
  assert [section.title for section in found] == ['Translations', 'Images of the second kind']
  assert [section.html.count('<img') for section in found] == [48, 20]
  assert sections(colour[..., :2], {'image': colour}, colour, returned=colour) == []
