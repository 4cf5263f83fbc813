import re

import numpy as np

from nn_zoo.report.attention import Looks, section


def test_each_head_of_each_layer_has_a_map():
  maps = np.random.default_rng(0).random((3, 2, 4, 5))
  found = section([Looks('', 'Rows and columns.', [maps, maps])], ['one', 'two'])
  assert found.title == 'Heads'
  assert 'Rows and columns.' in found.html
  assert found.html.count('<image') == 2 * 3 * 2
  assert re.findall('<figcaption>(.*?)</figcaption>', found.html) == ['one', 'two']
  assert '<h3>' not in found.html


def test_the_first_kind_of_look_is_open_and_others_are_behind_a_line():
  maps = np.ones((1, 1, 2, 2))
  kinds = [Looks(name, f'{name}.', [maps]) for name in ('across', 'encoder', 'decoder')]
  html = section(kinds, ['a text']).html
  assert html.index('<h3>across</h3>') < html.index('<details>')
  assert re.findall('<details><summary>(.*?)</summary>', html) == ['encoder', 'decoder']
  assert html.count('<figcaption>a text</figcaption>') == html.count('<svg') == 3


def test_of_many_layers_and_heads_some_are_drawn():
  found = section([Looks('', '', [np.ones((12, 16, 2, 2))])], ['one'])
  assert found.html.count('<image') == 8 * 8
  assert '>12</text>' in found.html
