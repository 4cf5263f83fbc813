"""Sweeps: members, which of them are one program, figures beside those of single launches, and bad input."""

import json

import numpy as np
import pytest

from experiments import sweep
from experiments.launch import load_config, plain
from experiments.members import alike, built, combinations, parse
from experiments.sweep_report import lines, sections
from experiments.train import train
from nn_zoo.errors import InputError
from tests.experiments.train_test import launched

SPLIT, RATE = 'data.split_seed', 'optimizer.learning_rate'


def small(**values):
  config = load_config('configs/mlp_diabetes.py')
  config.train.update({'steps': 20, 'eval_every': 5, 'log_every': 5, 'batch_size': 16})
  config.update_from_flattened_dict(values)
  return config


def grouped(**values):
  members = [own for _, own in combinations(small(), values)]
  return alike(built(members), members)


def test_a_sweep_gives_the_figures_of_single_launches(tmp_path):
  found = sweep.sweep(
    small(), {RATE: (3e-3, 1e-2), SPLIT: (0, 1)}, tmp_path / 'all', name='mlp_diabetes'
  )
  assert found['programs'] == 2  # two divisions, and so two standardisations
  assert json.loads((tmp_path / 'all' / 'results.json').read_text()) == json.loads(
    json.dumps(found)
  )
  page = (tmp_path / 'all' / 'report.html').read_text()
  assert '4 members' in page
  assert '>Members<' in page
  assert 'Nothing was evaluated' not in page
  one = plain(small(**found['members'][2]['set']))
  single = train(one, tmp_path / 'one')
  assert found['members'][2]['step'] == single['step']
  for split, values in single['figures'].items():
    for name, value in values.items():
      np.testing.assert_allclose(found['members'][2]['figures'][split][name], value, rtol=1e-4)


def test_the_summary_is_over_repetitions_and_apart_for_settings():
  def one(seed, rate, loss):
    figures = {'test': {'loss': loss, 'recall': [0.5, 1.0]}}
    return {'set': {'seed': seed, RATE: rate}, 'step': 1, 'figures': figures}

  found = sweep.summary([one(0, 0.1, 1.0), one(0, 0.2, 5.0), one(1, 0.1, 4.0), one(1, 0.2, None)])
  assert [each['set'] for each in found] == [{RATE: 0.1}, {RATE: 0.2}]
  assert found[0]['members'] == 2
  expected = {'test': {'loss': {'mean': 2.5, 'deviation': np.std([1, 4], ddof=1)}}}
  assert found[0]['figures'] == expected
  assert found[1]['figures'] == {'test': {}}  # one of them has no such figure


def test_a_setting_of_one_member_has_no_deviation_and_no_line_of_its_own():
  member = {'set': {RATE: 0.1}, 'step': 1, 'figures': {'test': {'loss': 2.5}}}
  found = sweep.summary([member])
  assert found[0]['figures'] == {'test': {'loss': {'mean': 2.5, 'deviation': None}}}
  assert lines({'members': [member], 'summary': found}) == f'{RATE}=0.1  step 1  test: loss 2.5'
  heads = [
    each.title for each in sections({'members': [member | {'trouble': []}], 'summary': found})
  ]
  assert heads == ['Members']
  twice = sweep.summary([member | {'set': {RATE: 0.1, 'seed': seed}} for seed in (0, 1)])
  assert lines({'members': [], 'summary': twice}) == f'{RATE}=0.1 2 members  test: loss 2.5 ± 0'


@pytest.mark.parametrize(
  ('values', 'expected'),
  [
    ({'seed': (0, 1, 2)}, [[0, 1, 2]]),
    ({SPLIT: (0, 1, 0)}, [[0, 2], [1]]),
    ({RATE: (1e-3, 3e-3), 'seed': (0, 1)}, [[0, 1, 2, 3]]),
    ({RATE: (1e-3, 3e-3), 'model.dropout': (0.1, 0.2)}, [[0, 2], [1, 3]]),
    ({'train.monitor': ('validation/loss', 'validation/mae')}, [[0], [1]]),
    ({'model.activation': ('relu', 'tanh')}, [[0], [1]]),
  ],
)
def test_members_are_one_program_if_they_differ_in_seed_rate_and_data_alone(values, expected):
  assert grouped(**values) == expected


def test_members_of_a_generative_task_have_latents_of_their_own():
  config = load_config('configs/gan_ring.py')
  config.data.update({'train': 100, 'validation': 20, 'test': 20})
  config.train.batch_size = 16
  config.model.widths = (8,)
  configs = [own for _, own in combinations(config, {'seed': (0, 1)})]
  first, second = built(configs)
  np.testing.assert_array_equal(first.data.test['targets'], second.data.test['targets'])
  assert np.any(first.data.test['inputs']['latent'] != second.data.test['inputs']['latent'])
  assert alike([first, second], configs) == [[0, 1]]


def test_what_goes_wrong_with_a_member_is_said_of_that_member(tmp_path, caplog):
  config = load_config('configs/gan_ring.py')
  config.data.update({'train': 100, 'validation': 0, 'test': 20, 'radius': 50.0})
  config.model.widths = (8,)
  config.task.r1 = 0.0
  config.optimizer.name, config.optimizer.learning_rate = 'sgd', 0.0
  del config.optimizer.b1
  config.task.critic_optimizer = {'name': 'adam', 'learning_rate': 0.02, 'b1': 0.5}
  config.train.update({'steps': 200, 'log_every': 10, 'eval_every': 200, 'batch_size': 16})
  found = sweep.sweep(config, {RATE: (0.0, 1e38)}, tmp_path)
  still, wild = (one['trouble'] for one in found['members'])
  assert still[0].startswith('the critic has won: since step')
  assert still[1].startswith('test: the generator has collapsed: ')
  assert wild[0].startswith('training diverged: ')
  page = (tmp_path / 'report.html').read_text()
  for rate, line in ((0.0, still[0]), (1e38, wild[0])):
    assert f'{RATE}={rate}: {line}' in caplog.text
    assert page.index(line) < page.index('<h2>Members')


def test_values_are_read_as_python_or_as_words():
  found = parse([f'{RATE}=1e-3,3', 'model.widths=(8,),(16,8)', 'optimizer.name=adam,sgd'])
  assert found[RATE] == (1e-3, 3)
  assert found['model.widths'] == ((8,), (16, 8))
  assert found['optimizer.name'] == ('adam', 'sgd')
  assert [own['optimizer']['learning_rate'] for _, own in combinations(small(), {RATE: (3,)})] == [
    3.0
  ]


@pytest.mark.parametrize(
  ('key', 'value', 'line'),
  [
    ('optimizer.rate', 1, r'--set=optimizer\.rate: no such key of the config'),
    ('optimiser.learning_rate', 1, r'--set=optimiser\.learning_rate: no such key'),
    ('optimizer', 1, r'--set=optimizer: no such key'),
    ('train.steps', 'many', r"--set=train\.steps='many': expected a value of type int"),
    (RATE, 'fast', r"--set=optimizer\.learning_rate='fast': expected a value of type float"),
  ],
)
def test_what_cannot_be_set_is_one_line(key, value, line):
  with pytest.raises(InputError, match=f'^{line}'):
    list(combinations(small(), {key: (value,)}))


@pytest.mark.parametrize('text', ['seed', 'seed=', 'optimizer.name=adam,,sgd'])
def test_a_flag_without_values_is_one_line(text):
  with pytest.raises(InputError, match=r'expected KEY=VALUE,VALUE'):
    parse([text])


@pytest.mark.parametrize(
  ('flags', 'line'),
  [
    ([], 'nothing to sweep over: expected --seeds, --folds or --set'),
    (['--folds=10'], "--folds=10: data 'digits' has no folds to set"),
  ],
)
def test_bad_input_to_the_launcher_is_one_line_with_exit_code_2(flags, line):
  ended = launched(*flags, module='sweep')
  assert ended.returncode == 2
  assert ended.stderr.startswith(f'error: {line}')
  assert len(ended.stderr.splitlines()) == 1


@pytest.mark.slow
def test_a_sweep_of_translations_has_a_page_too(tmp_path):
  config = load_config('configs/transformer_dates.py')
  config.data.update({'examples': 60, 'validation': 8, 'test': 8})
  config.optimizer.schedule.warmup = 0
  config.model.update({'width': 8, 'hidden': 8, 'heads': 2})
  config.train.update({'steps': 2, 'batch_size': 8, 'eval_every': 2, 'eval_batch_size': 8})
  sweep.sweep(config, {'seed': (0, 1)}, str(tmp_path))
  assert ': 2 members' in (tmp_path / 'report.html').read_text()
