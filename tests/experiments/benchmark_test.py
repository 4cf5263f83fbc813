"""The arithmetic of the benchmark, its table, warnings and records; never the speed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.benchmark import output, recorded
from experiments.benchmark.comparison import alternate, floor, ratios, summary
from experiments.benchmark.forms import fastest, one_step, probed, whole
from experiments.benchmark.kinds import Target, Training
from experiments.benchmark.processes import Run
from experiments.benchmark.workloads import WORKLOADS
from nn_zoo.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
FASTER = Target('peer/ours', 1.5)
CHEAPER = Target('ours/peer', 1.2)


def timed(*seconds):
  return [Run(2 * s, {'seconds': s, 'roof': 10 * s}, 0.0) for s in seconds]


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


@pytest.mark.parametrize(
  ('steps', 'of_steps', 'expected'),
  [
    (500, True, 125),
    (1000, True, 200),
    (50, True, 12),
    (12, True, 10),
    (4, True, 4),
    (4690, False, 200),
  ],
)
def test_short_runs_are_shorter_where_steps_alone_are_compared(steps, of_steps, expected):
  assert probed(steps, of_steps) == expected


def test_if_no_variant_runs_the_reason_is_given():
  def broken():
    raise InputError('no compiler')

  with pytest.raises(InputError, match='no compiler'):
    fastest({'a': broken, 'b': broken}, whole(10), lambda line: None)


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
  record = json.loads(path.read_text())
  workload = WORKLOADS[record['name']]
  assert path.stem == record['name']
  assert record['ratio']['target'] == workload.target.text
  assert record['ratio']['met'] == workload.target.met(record['ratio']['median'])
  assert len(record['ratio']['pairs']) >= workload.repeats
  assert {'cpu', 'cores', 'python', 'jax', 'torch', 'load_average'} <= set(record['machine'])
  if isinstance(workload.work, Training):
    assert record['spec'] == json.loads(json.dumps(workload.work.spec))
    assert record['floor']['flops'] == workload.work.flops
    source = {0: 'none', 1: 'mnist'}.get(len(workload.work.images), 'random')
    assert record['data'] == source


def test_a_step_that_writes_is_recorded_in_tokens_a_second_of_every_form(tmp_path, monkeypatch):
  path = ROOT / 'experiments/benchmark/results/gpt_writes_1.json'
  record = json.loads(path.read_text())
  record['ours'] |= {'step_seconds': 0.5, 'variant': 'b', 'variants_seconds': {'a': 1.0, 'b': 0.4}}
  record['peer'] |= {'step_seconds': 1.0, 'variants_seconds': {'c': 2.0, 'no': None}}
  (tmp_path / path.name).write_text(json.dumps(record))
  monkeypatch.setattr(recorded, 'RESULTS', tmp_path)
  ours, peer = recorded.table().splitlines()[2].split(' | ')[1:3]
  assert ours.startswith(
    '500.00 ms a step, 448 tokens/s (b); tokens/s of each form in short runs: a 224; b 560'
  )
  assert peer.startswith('1000.00 ms a step, 224 tokens/s')
  assert 'short runs: c 112;' in peer
