import math

import jax
import jax.numpy as jnp
import pytest

from nn_zoo.models import create_model
from nn_zoo.models.summary import Row, summary
from tests.examples import MODEL_EXAMPLES

IMAGES = jax.ShapeDtypeStruct((7, 32, 32, 1), jnp.float32)


def test_the_rows_of_lenet_are_counted_by_hand():
  table = summary(create_model('lenet', classes=10), IMAGES)
  assert table.rows == [
    Row('Conv_0', 'Conv', (28, 28, 6), 156, 2 * 25 * 6 * 28 * 28),
    Row('Conv_1', 'Conv', (10, 10, 16), 2_416, 2 * 25 * 6 * 16 * 10 * 10),
    Row('Dense_0', 'Dense', (120,), 48_120, 2 * 400 * 120),
    Row('Dense_1', 'Dense', (84,), 10_164, 2 * 120 * 84),
    Row('Dense_2', 'Dense', (10,), 850, 2 * 84 * 10),
  ]
  assert (table.parameters, table.flops) == (61_706, 833_040)


@pytest.mark.parametrize('name', MODEL_EXAMPLES)
def test_the_rows_add_up_to_the_parameters_there_are(name):
  model, fields, inputs, parameters, tokens, source = MODEL_EXAMPLES[name]
  inputs = (jnp.ones(inputs, int if tokens else float),)
  if source:
    length = jnp.full(len(inputs[0]), source, jnp.int32)
    inputs = {'values': inputs[0][:, :source], 'length': length}, inputs[0][:, source:]
  table = summary(create_model(model, **fields), *inputs)
  count = sum(math.prod(shape) for shape in parameters.values())
  assert table.parameters == sum(row.parameters for row in table.rows) == count
  assert table.flops == sum(row.flops for row in table.rows)
  assert {row.path for row in table.rows} == {path.rpartition('/')[0] for path in parameters}


def test_layers_without_a_kernel_cost_no_flops():
  model = create_model('convnet', classes=2, widths=(4,), activation='prelu')
  rows = {row.module: row for row in summary(model, IMAGES).rows}
  assert rows['BatchNorm'] == ('Normalization_0/BatchNorm_0', 'BatchNorm', (32, 32, 4), 8, 0)
  assert rows['PReLU'][3:] == (1, 0)


def test_nothing_is_computed_or_allocated():
  # As arrays, these would be 8 TB of parameters and 4 TB of inputs.
  model = create_model('mlp', classes=10, widths=(1_000_000,))
  table = summary(model, jax.ShapeDtypeStruct((500_000, 2_000_000), jnp.float32))
  assert table.parameters == 2_000_001 * 1_000_000 + 1_000_001 * 10


def test_as_text_it_is_a_table_with_totals():
  first, *rows, last = str(summary(create_model('lenet', classes=10), IMAGES)).splitlines()
  assert first.split() == ['layer', 'module', 'output', 'parameters', 'FLOPs']
  assert rows[0].split() == ['Conv_0', 'Conv', '(28,', '28,', '6)', '156', '235,200']
  assert last.split() == ['total', '61,706', '833,040']
  assert len({len(line) for line in (first, *rows, last)}) == 1
