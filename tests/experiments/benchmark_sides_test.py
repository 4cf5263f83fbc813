"""Both sides of a workload do the same work, and what is counted of it is right."""

import functools
import importlib.util
import json
from pathlib import Path

import jax
import numpy as np
import pytest

from experiments.benchmark import comparison, generative, transformers
from experiments.benchmark.comparison import compare
from experiments.benchmark.kinds import Processes, Target, Workload
from experiments.benchmark.nets import NETS
from experiments.benchmark.processes import Run
from experiments.benchmark.side import DEFAULTS
from experiments.benchmark.transformers import ROWS as TRANSFORMERS
from experiments.benchmark.workloads import WORKLOADS
from nn_zoo.errors import InputError
from nn_zoo.models import create_model
from nn_zoo.models.summary import summary as summary_of

FASTER = Target('peer/ours', 1.5)
CHEAPER = Target('ours/peer', 1.2)
needs_torch = pytest.mark.skipif(
  importlib.util.find_spec('torch') is None, reason='PyTorch, the peer, is not installed'
)


@pytest.fixture
def images(tmp_path):
  random = np.random.default_rng(0)
  np.save(tmp_path / 'inputs.npy', random.integers(0, 256, (40, 28, 28, 1), np.uint8))
  np.save(tmp_path / 'targets.npy', random.integers(0, 10, 40, np.int32))
  return tmp_path


def tiny(target=FASTER, **variants):
  work = WORKLOADS['mlp_mnist'].work
  spec = {**work.spec, 'batch_size': 8, 'steps': 7, 'log_every': 3}
  eager = work.variants['optimizer as it comes']
  return Workload('', target, 1, work._replace(spec=spec, variants=variants or {'eager': eager}))


def test_processes_are_compared_whole():
  workload = Workload('', CHEAPER, 1, Processes('pass', 'import time; time.sleep(1)'))
  found = compare(workload, Path(), 2, lambda line: None)
  assert found['ratio']['median'] < 1
  assert found['ours']['program'] == 'pass'
  assert len(found['peer']['each_seconds']) == 2
  assert 'floor' not in found


@needs_torch
@pytest.mark.slow
def test_both_sides_of_a_training_run_do_the_same_work(images):
  found = compare(tiny(), images, 1, lambda line: None)
  ours, peer = found['ours'], found['peer']
  assert ours['parameters'] == peer['parameters'] == 784 * 512 + 512**2 + 512 * 10 + 1034
  assert ours['steps'] == peer['steps'] == 7
  for side in (ours, peer):
    assert 0 < side['final_loss'] < 5
    assert side['setup_seconds'] < side['seconds'] < side['process_seconds']
    assert side['step_seconds'] * 6 < side['seconds']
  assert peer['variant'] == 'eager'
  assert 0 < found['floor']['ours']['share'] < 1
  assert json.loads(json.dumps(found)) == found


@needs_torch
@pytest.mark.parametrize(
  'name',
  [
    pytest.param(name, marks=pytest.mark.slow)
    for name in ('lstm_small_lengths', 'gru_small_linen', 'lstm_512_bfloat16_lengths_gpu')
  ],
)
def test_recurrent_layers_are_the_same_on_both_sides(name, tmp_path):
  workload = WORKLOADS[name]
  # Those of a GPU are looked at on a CPU, but for the clock.
  small = {'batch_size': 4, 'time': 5, 'inputs': 3, 'features': 6, 'steps': 3, 'device': 'cpu'}
  spec = {**workload.work.spec, **small}
  first = dict([next(iter(workload.work.variants.items()))])
  work = workload.work._replace(spec=spec, variants=first, ours={'plain': {}})
  found = compare(workload._replace(work=work), tmp_path, 1, lambda line: None)
  ours, peer = found['ours'], found['peer']
  gates = 4 if 'lstm' in name else 3
  assert ours['parameters'] == peer['parameters'] == gates * 6 * (3 + 6)
  assert 0 < ours['final_loss'] < 1
  assert 0 < peer['final_loss'] < 1


@needs_torch
@pytest.mark.parametrize('name', NETS)
def test_a_net_is_the_same_on_both_sides(name):
  from experiments.benchmark.peers import networks

  net = NETS[name]
  model = create_model(**net.model)
  image = jax.ShapeDtypeStruct((1, *net.images), np.float32)
  ours = jax.eval_shape(model.init, jax.random.key(0), image)['params']
  theirs = [parameter.numel() for parameter in networks.NETS[name](10).parameters()]
  assert sorted(leaf.size for leaf in jax.tree.leaves(ours)) == sorted(theirs)


@needs_torch
@pytest.mark.filterwarnings('ignore:enable_nested_tensor')
@pytest.mark.parametrize('name', TRANSFORMERS)
def test_a_transformer_is_the_same_on_both_sides(name):
  from experiments.benchmark.ours.transformer import network
  from experiments.benchmark.peers import transformer

  spec = WORKLOADS[name].work.spec
  tokens = transformers.draw(spec)[:1, 1:]
  model, source = network(DEFAULTS | spec | {'batch_size': 1})
  ours = jax.eval_shape(model.init, jax.random.key(0), *source, tokens)['params']
  theirs = {'gpt': transformer.GPT, 'transformer': transformer.Pairs}[spec['net']](spec)
  found = sum(leaf.size for leaf in jax.tree.leaves(ours))
  assert found == sum(parameter.numel() for parameter in theirs.parameters())
  # Each product's weights are met once a token, the embedding's at the output alone.
  products = sum(macs for macs in WORKLOADS[name].work.macs)
  attention = (
    {'gpt': 6, 'transformer': 3 + 2 * 3}[spec['net']] * 2 * spec['time'] ** 2 * spec['width']
  )
  weights = sum(leaf.size for leaf in jax.tree.leaves(ours) if leaf.ndim > 1)
  positions = spec.get('context', 0) * spec['width']
  assert products - attention == spec['time'] * (weights - positions)


@needs_torch
@pytest.mark.slow
def test_both_sides_write_as_many_tokens(tmp_path):
  pytest.importorskip('transformers', reason='a peer is of this package')
  workload = WORKLOADS['gpt_writes_1']
  small = {'width': 16, 'heads': 2, 'layers': 1, 'context': 12, 'time': 12, 'prompt': 4, 'steps': 2}
  spec = {**workload.work.spec, **small, 'batch_size': 3}
  for name, fields in workload.work.variants.items():
    work = workload.work._replace(spec=spec, variants={name: fields}, ours={'plain': {}})
    found = compare(workload._replace(work=work), tmp_path, 1, lambda line: None)
    for side in (found['ours'], found['peer']):
      written = side['tokens_per_second'] * side['step_seconds']
      assert written == pytest.approx(3 * (12 - 4))


@needs_torch
@pytest.mark.parametrize('name', generative.ROWS)
def test_a_generative_net_is_the_same_on_both_sides(name):
  from experiments.benchmark.ours.generative import network
  from experiments.benchmark.peers.generative import critic, generator

  spec = WORKLOADS[name].work.spec
  pair, image = network(spec), generative.draw(spec)[:1]
  latent = np.zeros((1, spec['latent']), np.float32)
  for method, inputs, theirs in (('generate', latent, generator), ('criticise', image, critic)):
    init = functools.partial(pair.init, method=method)
    params = jax.eval_shape(init, jax.random.key(0), inputs)['params']
    found = sum(leaf.size for leaf in jax.tree.leaves(params))
    assert found == sum(parameter.numel() for parameter in theirs(spec).parameters())


def test_the_multiplications_of_a_generator_are_counted_by_its_inputs():
  spec = WORKLOADS['dcgan'].work.spec
  # Every pixel of a layer's input meets all of its 4 x 4 kernel.
  transposed = (4 * 4 * 16 * 128 * 64, 8 * 8 * 16 * 64 * 32, 16 * 16 * 16 * 32 * 3)
  assert generative.layers(spec) == (64 * 4 * 4 * 128, *transposed)


@pytest.mark.parametrize('name', NETS)
def test_the_multiplications_of_a_net_are_those_that_its_summary_counts(name):
  net = NETS[name]
  image = np.zeros((1, *net.images), np.float32)
  counted = summary_of(create_model(**net.model), image).flops / 2
  np.testing.assert_allclose(sum(net.macs), counted, rtol=0.03)


def test_sides_that_do_different_work_are_refused():
  with pytest.raises(InputError, match='parameters: 5 in ours, 6 in the peer'):
    comparison.check_same_work({'parameters': 5, 'steps': 1}, {'parameters': 6, 'steps': 1})


@pytest.mark.parametrize('of', ['seconds', 'step_seconds'])
def test_what_the_peer_compiled_is_kept_only_where_steps_alone_are_compared(
  of, tmp_path, monkeypatch
):
  seen = []

  def process(arguments, label, environment, reports):
    seen.append(environment.get('TORCHINDUCTOR_CACHE_DIR'))
    figures = dict.fromkeys(('setup_seconds', 'step_seconds', 'seconds', 'roof'), 1.0)
    return Run(1.0, figures | {'parameters': 1, 'steps': 1}, 0.0)

  monkeypatch.setattr(comparison, 'run', process)
  compare(tiny(Target('peer/ours', 1.0, of)), tmp_path, 1, lambda line: None)
  assert set(seen) == {str(tmp_path / 'compiled') if of == 'step_seconds' else None}
