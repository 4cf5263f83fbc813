import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.models import MODELS, create_model, list_models
from tests.examples import MODEL_EXAMPLES


def test_models_are_listed_by_pattern():
  assert list_models('le*') == ['lenet']
  assert list_models('*vnet') == ['convnet']
  assert list_models('no*') == []
  assert list_models() == sorted(MODELS)


@pytest.mark.parametrize('name', MODEL_EXAMPLES)
def test_a_model_is_made_of_its_class_with_its_fields(name):
  example = MODEL_EXAMPLES[name]
  model = create_model(example.model, **example.fields)
  assert type(model) is MODELS[example.model]
  assert {field: getattr(model, field) for field in example.fields} == example.fields


@pytest.mark.parametrize('dtype', [None, 'bfloat16', 'float32', jnp.bfloat16, jnp.dtype('float16')])
def test_a_type_is_taken_by_name_or_as_it_is(dtype):
  assert create_model('mlp', classes=2, dtype=dtype).dtype == dtype


@pytest.mark.parametrize(
  ('name', 'fields', 'line'),
  [
    (
      'lenett',
      {},
      r"model.name='lenett' is unknown. Did you mean 'lenet'\? There are: autoencoder, .*lenet, ",
    ),
    (
      'nothing',
      {},
      r"model.name='nothing' is unknown. There are: autoencoder, .*mlp, .*perceptron",
    ),
    ('lenet', {'poolin': 'max'}, r"model.poolin: lenet has no such key. Did you mean 'pooling'\?"),
    ('mlp', {'depth': 2}, r'model.depth: mlp has no such key. .*It takes: classes, widths'),
    ('mlp', {'parent': None}, r'model.parent: mlp has no such key'),
    ('mlp', {'classes': '10'}, r"model.classes='10': expected an integer"),
    ('mlp', {'classes': True}, r'model.classes=True: expected an integer'),
    ('mlp', {'classes': 2.0}, r'model.classes=2.0: expected an integer'),
    ('mlp', {'dropout': 'no'}, r"model.dropout='no': expected a number"),
    ('mlp', {'widths': 256}, r'model.widths=256: expected a tuple such as \(256, 128\)'),
    ('mlp', {'widths': (256, 'x')}, r"model.widths='x': expected an integer"),
    ('mlp', {'activation': 1}, r'model.activation=1: expected a string'),
    ('mlp', {'dtype': 'bfloat1'}, r"model.dtype='bfloat1': expected 'float32', 'bfloat16'"),
  ],
)
def test_what_does_not_fit_is_answered_in_a_line(name, fields, line):
  with pytest.raises(InputError, match=line):
    create_model(name, **{'classes': 10, **fields})


def test_a_count_may_come_from_numpy():
  assert create_model('mlp', classes=np.int64(3)).classes == 3


def test_a_missing_field_is_named():
  with pytest.raises(InputError, match=r'model: mlp needs classes'):
    create_model('mlp')
