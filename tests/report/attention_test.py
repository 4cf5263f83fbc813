import re

import numpy as np

from nn_zoo.report.attention import section


def test_each_head_of_each_layer_has_a_map():
  maps = np.random.default_rng(0).random((3, 2, 4, 5))
  found = section([('one', maps), ('two', maps)], 'Rows and columns.')
  assert found.title == 'Heads'
  assert 'Rows and columns.' in found.html
  assert found.html.count('<image') == 2 * 3 * 2
  assert re.findall('<figcaption>(.*?)</figcaption>', found.html) == ['one', 'two']


def test_of_many_layers_and_heads_some_are_drawn():
  found = section([('one', np.ones((12, 16, 2, 2)))], '')
  assert found.html.count('<image') == 8 * 8
  assert '>12</text>' in found.html
