import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nn_zoo.errors import InputError
from nn_zoo.models import MODELS, create_model, list_models
from nn_zoo.models.presets import PRESETS
from tests.examples import MODEL_EXAMPLES


def test_models_are_listed_by_pattern():
  assert list_models('le*') == ['lenet']
  assert list_models('*vnet') == ['convnet']
  assert list_models('no*') == []
  assert list_models('gpt*') == ['gpt', 'gpt2_small']
  assert list_models() == sorted({*MODELS, *PRESETS})


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


@pytest.mark.parametrize(
  ('name', 'fields', 'line'),
  [
    ('tcn', {'kernel_size': 0}, 'model.kernel_size=0: expected a number above 0, got 0'),
    ('tcn', {'width': -1.0}, 'model.width=-1.0: expected a number above 0'),
    ('convnet', {'widths': (8, 0)}, r'model.widths=\(8, 0\): expected a number above 0, got 0'),
    ('resnet', {'stages': (-1, 1)}, r'model.stages=\(-1, 1\): expected a number above 0, got -1'),
    ('mobilenet_v2', {'stages': ((0, 24, 2, 1),)}, 'expected a number above 0, got 0'),
    ('vgg', {'dropout': -1.0}, 'model.dropout=-1.0: expected less than 1 and at least 0'),
    (
      'resnet',
      {'stochastic_depth': 2.0},
      'model.stochastic_depth=2.0: expected less than 1 and at least 0',
    ),
    ('efficientnet', {'depth': -1.0}, 'model.depth=-1.0: expected a number above 0'),
    ('gru', {'layers': 0}, 'model.layers=0: expected a number above 0'),
    ('lstm', {'units': 0}, 'model.units=0: expected a number above 0'),
    ('mlp', {'dropout': float('nan')}, 'model.dropout=nan: expected less than 1 and at least 0'),
    ('mlp', {'classes': -1}, 'model.classes=-1: expected 0 or more'),
  ],
)
def test_a_field_out_of_its_range_is_named(name, fields, line):
  with pytest.raises(InputError, match=line):
    create_model(name, **{'classes': 2, **fields})


@pytest.mark.parametrize(('name', 'shape'), [('convnext', (2, 32, 32, 3)), ('text_cnn', (2, 9, 3))])
def test_a_width_that_leaves_no_channel_is_named(name, shape):
  with pytest.raises(InputError, match='to 0 channels in 1 group'):
    create_model(name, classes=2, width=1e-3).init(jax.random.key(0), jnp.zeros(shape))
