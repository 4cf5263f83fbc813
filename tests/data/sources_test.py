import inspect

import pytest

from nn_zoo.data import SOURCES, load
from nn_zoo.errors import InputError


def test_an_unknown_source_names_the_nearest_and_all():
  with pytest.raises(InputError) as caught:
    load('fashion_mnits')
  assert "Did you mean 'fashion_mnist'?" in str(caught.value)
  assert all(name in str(caught.value) for name in SOURCES)


def test_a_misspelt_field_is_named_with_the_nearest():
  with pytest.raises(InputError, match=r"data\.scal: .* Did you mean 'scale'\?"):
    load('digits', scal=4, validation=0, test=0, split_seed=0)


def test_a_missing_field_is_named():
  with pytest.raises(InputError, match=r'digits needs split_seed'):
    load('digits', validation=0, test=0)


@pytest.mark.parametrize('name', SOURCES)
def test_every_field_is_a_keyword_of_plain_type_and_is_documented(name):
  source = SOURCES[name]
  for field in inspect.signature(source).parameters.values():
    assert field.kind == field.KEYWORD_ONLY
    assert field.annotation in (int, float, bool, str, tuple[int, ...], tuple[str, ...])
    assert f'\n    {field.name}: ' in source.__doc__
