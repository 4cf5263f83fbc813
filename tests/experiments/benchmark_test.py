"""The harness of the benchmark: its arithmetic, its records, its errors; never the speed."""

import functools
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from experiments.benchmark import comparison, generative, output, transformers
from experiments.benchmark import processes as processes_module
from experiments.benchmark.comparison import (
  alternate,
  compare,
  fastest,
  floor,
  one_step,
  ratios,
  summary,
  whole,
)
from experiments.benchmark.kinds import Processes, Target, Training, Workload
from experiments.benchmark.nets import NETS
from experiments.benchmark.processes import Run, run
from experiments.benchmark.transformers import ROWS as TRANSFORMERS
from experiments.benchmark.workloads import WORKLOADS
from nn_zoo.errors import InputError
from nn_zoo.models import create_model
from nn_zoo.models.summary import summary as summary_of

ROOT = Path(__file__).resolve().parents[2]
FASTER = Target('peer/ours', 1.5)
CHEAPER = Target('ours/peer', 1.2)
needs_torch = pytest.mark.skipif(
  importlib.util.find_spec('torch') is None, reason='PyTorch, the peer, is not installed'
)


def timed(*seconds):
  return [Run(2 * s, {'seconds': s, 'roof': 10 * s}, 0.0) for s in seconds]


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


def test_the_ratio_is_the_median_over_pairs_of_peer_to_ours():
  found = ratios(timed(1, 2, 4), timed(2, 2, 12), FASTER)
  assert found['pairs'] == [2, 1, 3]
  assert (found['median'], found['least'], found['largest']) == (2, 1, 3)
  assert found['met']
  assert found['target'] == 'at least 1.5'


def test_a_cost_is_the_median_over_pairs_of_ours_to_peer():
  found = ratios(timed(1, 2, 5), timed(2, 2, 4), CHEAPER)
  assert found['pairs'] == [0.5, 1, 1.25]
  assert found['median'] == 1
  assert found['met']


@pytest.mark.parametrize(
  ('target', 'ratio', 'met'),
  [(FASTER, 1.5, True), (FASTER, 1.49, False), (CHEAPER, 1.2, True), (CHEAPER, 1.21, False)],
)
def test_a_target_is_met_at_its_bound_and_missed_beyond(target, ratio, met):
  assert target.met(ratio) is met


def test_the_sides_take_turns():
  order, told = [], []

  def side(name):
    return lambda: order.append(name) or Run(1.0, {}, 0.25)

  ours, peer = alternate(side('ours'), side('peer'), 2, told.append)
  assert order == ['ours', 'peer', 'ours', 'peer']
  assert (len(ours), len(peer)) == (2, 2)
  assert told[0] == '  1/2 ours: 1.000 s (others took 25% of the CPU)'


def test_a_summary_is_medians_and_the_highest_roof():
  found = summary(timed(1, 5, 2))
  assert (found['seconds'], found['process_seconds'], found['roof']) == (2, 4, 50)
  assert found['each_seconds'] == [1, 5, 2]


def test_a_side_that_times_nothing_itself_is_timed_as_a_process():
  assert Run(3.0, {}).seconds == 3
  assert Run(3.0, {'seconds': 2.0}).seconds == 2


def test_the_floor_is_flops_over_the_better_roof():
  ours = {'seconds': 4, 'step_seconds': 0.2, 'steps': 10, 'roof': 50}
  peer = {'seconds': 8, 'step_seconds': 0.4, 'steps': 10, 'roof': 100}
  found = floor(100, ours, peer)
  assert (found['roof'], found['seconds']) == (100, 1)
  assert found['ours'] == {'share': 1 / 4, 'share_of_steps': 1 / 2}
  assert found['peer'] == {'share': 1 / 8, 'share_of_steps': 1 / 4}


def test_flops_leave_out_the_gradient_of_the_first_layers_input():
  work = Training('', {'batch_size': 5, 'steps': 7}, 0, {}, (3, 4))
  forward, weights, inputs = 3 + 4, 3 + 4, 4
  assert work.flops == 2 * 5 * 7 * (forward + weights + inputs)
  assert work._replace(input_gradients=True).flops == 2 * 5 * 7 * 3 * forward


def test_the_variant_that_would_finish_first_is_compared():
  def side(setup, step):
    return lambda: Run(1.0, {'setup_seconds': setup, 'step_seconds': step})

  def broken():
    raise InputError('no compiler')

  variants = {'compiled': side(50, 1), 'eager': side(1, 2), 'broken': broken}
  told = []
  assert fastest(variants, whole(11), told.append) == (
    'eager',
    {'compiled': 60, 'eager': 21, 'broken': None},
  )
  assert fastest(variants, whole(101), told.append)[0] == 'compiled'
  assert fastest(variants, one_step, told.append)[0] == 'compiled'
  assert told[2] == '  peer, broken: left out: no compiler'


def test_a_variant_that_others_disturbed_is_tried_again():
  tries = iter([(9.0, 0.5), (7.0, 0.0), (1.0, 0.0)])

  def side():
    step, others = next(tries)
    return Run(1.0, {'setup_seconds': 1.0, 'step_seconds': step}, others)

  assert fastest({'a': side}, whole(2), lambda line: None) == ('a', {'a': 8.0})


def test_the_best_few_are_tried_again_and_count_with_their_least():
  steps = {'a': iter([3.0, 2.0, 5.0]), 'b': iter([2.5, 4.0, 4.0]), 'c': iter([9.0, 9.0, 9.0])}
  steps['d'] = iter([10.0])

  def side(name):
    return lambda: Run(1.0, {'setup_seconds': 1.0, 'step_seconds': next(steps[name])}, 0.0)

  found = fastest({name: side(name) for name in steps}, whole(2), lambda line: None)
  assert found == ('a', {'a': 3.0, 'b': 3.5, 'c': 10.0, 'd': 11.0})


def test_if_no_variant_runs_the_reason_is_given():
  def broken():
    raise InputError('no compiler')

  with pytest.raises(InputError, match='no compiler'):
    fastest({'a': broken, 'b': broken}, whole(10), lambda line: None)


def test_a_process_reports_its_last_line_and_keeps_the_environment_it_is_given():
  program = 'import os; print("noise"); print("{\\"seconds\\": " + os.environ["T"] + "}")'
  assert run(['-c', program], 'it', {'T': '7'}, reports=True).figures == {'seconds': 7}


def test_a_process_is_run_on_the_cpu_from_cold_caches(monkeypatch):
  monkeypatch.setenv('JAX_COMPILATION_CACHE_DIR', 'somewhere')
  program = """
import json, os
names = ('JAX_PLATFORMS', 'JAX_COMPILATION_CACHE_DIR')
print(json.dumps({name: os.environ.get(name) for name in names}))
"""
  found = run(['-c', program], 'it', {}, reports=True).figures
  assert found == {'JAX_PLATFORMS': 'cpu', 'JAX_COMPILATION_CACHE_DIR': None}


def test_a_peer_that_fails_is_one_line_with_its_last_words():
  program = 'import sys; sys.stderr.write("one\\ntwo\\n"); sys.exit(3)'
  with pytest.raises(InputError) as caught:
    run(['-c', program], 'the peer', {}, reports=True)
  assert str(caught.value) == 'the peer failed with exit code 3: two'


def test_a_missing_peer_says_how_to_get_it():
  program = 'raise ModuleNotFoundError("No module named \'torch\'")'
  with pytest.raises(InputError, match=r'`pip install torch` brings the peer'):
    run(['-c', program], 'the peer', {}, reports=True)


@pytest.mark.parametrize('printed', ['', 'done', '[1]'])
def test_a_peer_that_reports_no_figures_is_named(printed):
  with pytest.raises(InputError, match=r'the peer: its last line is .*, expected figures'):
    run(['-c', f'print("{printed}")'], 'the peer', {}, reports=True)


def test_work_of_others_is_seen(monkeypatch):
  ticks = iter([100.0, 1000.0])
  monkeypatch.setattr(processes_module, '_busy_seconds', lambda: next(ticks))
  assert run(['-c', ''], 'it', {}, reports=False).others > 1


def test_a_system_that_does_not_tell_leaves_the_share_open(monkeypatch):
  monkeypatch.setattr(processes_module, '_busy_seconds', lambda: None)
  assert run(['-c', ''], 'it', {}, reports=False).others is None


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
    pytest.param(name, marks=pytest.mark.slow) for name in ('lstm_small_lengths', 'gru_small_linen')
  ],
)
def test_recurrent_layers_are_the_same_on_both_sides(name, tmp_path):
  workload = WORKLOADS[name]
  spec = {**workload.work.spec, 'batch_size': 4, 'time': 5, 'inputs': 3, 'features': 6, 'steps': 3}
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
  model, source = network(spec | {'batch_size': 1})
  ours = jax.eval_shape(model.init, jax.random.key(0), *source, tokens)['params']
  theirs = {'gpt': transformer.GPT, 'encoder_decoder': transformer.Pairs}[name](spec)
  found = sum(leaf.size for leaf in jax.tree.leaves(ours))
  assert found == sum(parameter.numel() for parameter in theirs.parameters())
  # Each product's weights are met once a token, the embedding's at the output alone.
  products = sum(macs for macs in WORKLOADS[name].work.macs)
  attention = {'gpt': 6, 'encoder_decoder': 3 + 2 * 3}[name] * 2 * spec['time'] ** 2 * spec['width']
  weights = sum(leaf.size for leaf in jax.tree.leaves(ours) if leaf.ndim > 1)
  positions = spec.get('context', 0) * spec['width']
  assert products - attention == spec['time'] * (weights - positions)


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


def result(load=0.0, others=0.0, data='mnist'):
  runs = [Run(1.0, {}, others)]
  return {
    'name': 'x',
    'data': data,
    'ratio': ratios(runs, [Run(2.0, {}, None)], FASTER),
    'ours': summary(runs),
    'peer': summary([Run(2.0, {}, None)]),
    'machine': {'load_average': load, 'cores': 2},
  }


def test_the_table_shows_times_ratio_and_verdict():
  line = output.table([result()]).splitlines()[1]
  assert ' '.join(line.split()) == 'x 1.00 s 2.00 s peer/ours 2.00 2.00-2.00 at least 1.5: met'


@pytest.mark.parametrize(
  ('found', 'warning'),
  [
    (result(load=3.0), 'load average 3.0 on 2 cores'),
    (result(others=0.4), 'up to 40% of the CPU taken by others'),
    (result(data='stand-in'), 'random images stood in for MNIST'),
  ],
)
def test_what_spoils_the_figures_is_warned_of(found, warning):
  (line,) = output.warnings([found])
  assert line.startswith('warning: x: ')
  assert warning in line


def test_a_quiet_machine_is_not_warned_of():
  assert output.warnings([result(load=0.5, others=0.01)]) == []


def launched(*arguments, **variables):
  command = [sys.executable, '-m', 'experiments.benchmark', *arguments]
  environment = {**os.environ, **variables}
  return subprocess.run(
    command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
  )


def test_an_unknown_workload_is_one_line_and_exit_code_2():
  done = launched('--only=mpl_mnist')
  assert done.returncode == 2
  assert done.stderr.startswith("error: --only='mpl_mnist' is unknown. Did you mean 'mlp_mnist'?")
  assert done.stderr.count('\n') == 1


def test_help_lists_every_workload():
  text = launched('--help').stdout
  assert all(
    f'  {name} ' in text and workload.about in text for name, workload in WORKLOADS.items()
  )


@pytest.mark.parametrize('path', sorted((ROOT / 'experiments/benchmark/results').glob('*.json')))
def test_recorded_results_are_of_the_work_as_it_is_now(path):
  recorded = json.loads(path.read_text())
  workload = WORKLOADS[recorded['name']]
  assert path.stem == recorded['name']
  assert recorded['ratio']['target'] == workload.target.text
  assert recorded['ratio']['met'] == workload.target.met(recorded['ratio']['median'])
  assert len(recorded['ratio']['pairs']) >= workload.repeats
  assert {'cpu', 'cores', 'python', 'jax', 'torch', 'load_average'} <= set(recorded['machine'])
  if isinstance(workload.work, Training):
    assert recorded['spec'] == json.loads(json.dumps(workload.work.spec))
    assert recorded['floor']['flops'] == workload.work.flops
    source = {0: 'none', 1: 'mnist'}.get(len(workload.work.images), 'random')
    assert recorded['data'] == source
