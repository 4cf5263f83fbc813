"""What a trained model makes, as a user asks for it."""

import io
import logging
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from experiments.launch import ROOT, load_config, plain
from experiments.sample import read_prompt, sample
from experiments.texts import sources, tokens
from experiments.train import train
from nn_zoo.build import build
from nn_zoo.errors import InputError
from nn_zoo.models import create_model
from nn_zoo.train.workdir import read_config


def config(path):
  """That of one's own text, made small."""
  made = plain(load_config('configs/own_text_file.py'))
  made['data']['path'] = str(path)
  made['model'] |= {'vocabulary': 0, 'units': 8}
  made['task'] |= {'window': 8, 'length': 20, 'temperature': 1.0}
  made['train'] |= {'steps': 30, 'batch_size': 4, 'log_every': 10, 'eval_every': 15}
  made['optimizer'] |= {'learning_rate': 1e-2, 'schedule': {'name': 'constant'}}
  return made


@pytest.fixture(scope='module')
def workdir(tmp_path_factory):
  folder = tmp_path_factory.mktemp('sample')
  (folder / 'text.txt').write_text('abc cab\n' * 60)
  train(config(folder / 'text.txt'), folder / 'run')
  return folder / 'run'


def test_a_run_leaves_a_report_with_what_the_model_wrote(workdir):
  page = (workdir / 'report.html').read_text()
  assert '<h2>Sampled text</h2>' in page
  assert 'abc cab\nab' in page


def test_the_report_says_what_was_done_to_the_data(workdir, tmp_path):
  text = tmp_path / 'text.txt'
  text.write_text('abc cab\n' * 60 + 'q')
  made = config(text)
  made['train'] |= {'steps': 2, 'log_every': 1, 'eval_every': 2}
  train(made, tmp_path / 'run')
  page = (tmp_path / 'run' / 'report.html').read_text()
  assert '<h2>Data</h2>' in page
  assert 'text.txt: 1 of ' in page
  assert '<h2>Data</h2>' not in (workdir / 'report.html').read_text()


def test_the_prompt_goes_on_as_the_seed_and_the_settings_say(workdir):
  text = sample(workdir, 'cab\n')
  assert text.startswith('cab\n')
  assert len(text) == 4 + 20
  assert sample(workdir, 'cab\n') == text
  assert sample(workdir, 'cab\n', seed=1) != text
  likeliest = sample(workdir, 'cab\n', length=9, temperature=0.0)
  assert likeliest == sample(workdir, 'cab\n', length=9, top_k=1, seed=5)
  assert len(likeliest) == 4 + 9


def test_a_model_of_pieces_of_words_writes_text_and_has_a_perplexity(tmp_path):
  (tmp_path / 'text.txt').write_text('abc cab\n' * 60)
  made = config(tmp_path / 'text.txt')
  made['data'] |= {'tokenizer': 'bpe', 'vocabulary': 264}
  made['model']['vocabulary'] = 264
  figures = train(made, tmp_path / 'run')['figures']['validation']
  assert figures['perplexity'] == pytest.approx(np.exp(figures['loss']))
  assert figures['bits_per_byte'] < figures['loss'] / np.log(2)  # a token is more than a byte
  text = sample(tmp_path / 'run', 'cab é\n', length=5)
  assert text.startswith('cab é\n')
  assert len(text.encode()) > 7 + 5


@pytest.mark.parametrize(
  ('prompt', 'settings', 'line'),
  [
    ('', {}, r'^--prompt is empty: expected at least one character$'),
    ('ab?aß', {}, r"^--prompt='ab\?aß' holds '\?ß', which the .* it knows '\\n abc'$"),
    ('a', {'top_p': 0.0}, r'^top_p=0.0: expected'),
    ('a', {'length': 0}, r'^task.length=0: expected 1 or more$'),
  ],
)
def test_what_does_not_fit_is_one_line(workdir, prompt, settings, line):
  with pytest.raises(InputError, match=line):
    sample(workdir, prompt, **settings)


@pytest.mark.parametrize(
  ('section', 'fields', 'line'),
  [
    ('model', {'vocabulary': 7}, r'^model.vocabulary=7, but the data has 6 token ids; set .*=6$'),
    ('model', {'vocabulary': 5}, r'^model.vocabulary=5, but the data has 6 token ids; set .*=6$'),
    (
      'task',
      {'window': 999},
      r'^train.batch_size=4 times task.window=999 needs a training text of',
    ),
    ('augment', {'mixup': 1.0}, r'^augment: there is none for a text'),
  ],
)
def test_what_does_not_fit_the_text_is_one_line(workdir, section, fields, line):
  made = config(workdir.parent / 'text.txt')
  made[section] |= fields
  with pytest.raises(InputError, match=line):
    build(made)


def test_a_text_needs_a_language_model_and_the_task(workdir):
  made = config(workdir.parent / 'text.txt')
  lstm = made | {'model': {'name': 'lstm', 'classes': 6, 'vocabulary': 6}}
  with pytest.raises(InputError, match=r"^model.name='lstm' does not fit .* try recurrent_lm$"):
    build(lstm)
  with pytest.raises(InputError, match=r"'classification' .* targets are tokens; try language$"):
    build(made | {'task': {'name': 'classification'}})


def test_a_text_with_other_letters_is_not_taken_for_that_of_the_run(workdir):
  text = workdir.parent / 'text.txt'
  content = text.read_text()
  try:
    text.write_text(content.replace('c', 'z'))
    with pytest.raises(InputError, match=r'vocabulary has 1 new and 1 missing of 6 entries'):
      sample(workdir, 'ab')
    with pytest.raises(InputError, match='no longer that of the run'):
      train(config(text), workdir)
  finally:
    text.write_text(content)
  assert sample(workdir, 'ab').startswith('ab')


def test_a_run_that_makes_nothing_says_so(tmp_path):
  digits = plain(load_config('configs/lenet_digits.py'))
  digits['data']['scale'] = 1
  digits['model'] = {'name': 'mlp', 'classes': 10, 'widths': (4,)}
  digits['augment'] = {}
  digits['train'] |= {'steps': 2, 'log_every': 1, 'eval_every': 2, 'batch_size': 4}
  train(digits, tmp_path / 'run')
  with pytest.raises(
    InputError,
    match=r"task.name='classification' makes nothing .*'translation' or 'unpaired' or 'vae'$",
  ):
    sample(tmp_path / 'run', 'a')


def launched(*arguments, lines=None):
  process = [sys.executable, '-m', 'experiments.sample', *arguments]
  return subprocess.run(
    process, cwd=ROOT, input=lines, capture_output=True, text=True, timeout=300, encoding='utf-8'
  )


def test_the_launcher_prints_the_text_and_ends_with_2_where_it_cannot(workdir):
  done = launched(f'--workdir={workdir}', '--prompt=abc', '--length=12', '--top_k=2', '--seed=3')
  assert done.returncode == 0, done.stderr
  assert done.stdout == sample(workdir, 'abc', length=12, top_k=2, seed=3) + '\n'
  wrong = launched(f'--workdir={workdir}', '--prompt=x')
  assert (wrong.returncode, wrong.stdout) == (2, '')
  assert wrong.stderr.startswith("error: --prompt='x' holds 'x'")
  assert wrong.stderr.count('\n') == 1


@pytest.fixture(scope='module')
def sums(tmp_path_factory):
  """A run that adds numbers, hardly trained."""
  made = plain(load_config('configs/gru_addition.py'))
  made['data'] |= {'digits': 1, 'examples': 55, 'validation': 0, 'test': 5}
  made['model'] |= {'units': 8, 'embedding': 4}
  made['task'] |= {'length': 4}
  made['train'] |= {'steps': 2, 'batch_size': 4, 'log_every': 1, 'eval_every': 2, 'monitor': ''}
  folder = tmp_path_factory.mktemp('sums') / 'run'
  results = train(made, folder)
  assert {'chrf', 'exact'} <= results['figures']['test'].keys()
  return folder


def test_each_line_is_translated_by_the_kept_tokenizer(sums):
  assert '<h2>Translations</h2>' in (sums / 'report.html').read_text()
  lines = sample(sums, '1+2\n\n9+4').split('\n')
  assert len(lines) == 3
  assert lines[1] == ''
  assert sample(sums, '9+4') == lines[2]
  many = sample(sums, '1+2\n9+4', beam=3, best=2).split('\n')
  assert len(many) == 4
  kept = sums / 'tokenizer.json'
  content = kept.read_text()
  try:
    kept.write_text(content.replace('"+"', '"%"'))
    with pytest.raises(InputError, match=r"^--input, line 1 holds '\+', which is unknown"):
      sample(sums, '1+2')
    assert sample(sums, '1%2') == lines[0]
  finally:
    kept.write_text(content)


def test_the_launcher_translates_the_lines_of_standard_input(sums):
  done = launched(f'--workdir={sums}', '--input=-', '--beam=2', lines='1+2\n\n9+4\n')
  assert done.returncode == 0, done.stderr
  assert done.stdout == sample(sums, '1+2\n\n9+4', beam=2) + '\n'
  assert done.stdout.count('\n') == 3
  wrong = launched(f'--workdir={sums}', '--input=-', lines='1+2\n1+x\n')
  assert (wrong.returncode, wrong.stdout) == (2, '')
  assert wrong.stderr.startswith("error: --input, line 2 holds 'x'")


@pytest.mark.parametrize(
  ('text', 'settings', 'line'),
  [
    ('', {}, r'^--input: the text is empty'),
    ('1+1\n1+x', {}, r"^--input, line 2 holds 'x', which is unknown to the tokenizer of the run$"),
    ('1+1', {'beam': 0}, r'^task.beam=0: expected 1 or more$'),
  ],
)
def test_what_cannot_be_translated_is_one_line(sums, text, settings, line):
  with pytest.raises(InputError, match=line):
    sample(sums, text, **settings)


def test_blank_lines_stay_where_they_are_and_texts_may_be_longer_than_those_of_the_run(sums):
  lines = sample(sums, ['1+2', '', '1+1+1', '']).split('\n')
  assert [bool(line.strip()) for line in lines][1::2] == [False, False]
  assert lines[0] == sample(sums, '1+2')


@pytest.mark.parametrize('too_long', ['cut', 'refuse'])
def test_what_the_model_cannot_read_is_cut_or_refused_as_the_config_says(sums, too_long, caplog):
  experiment = build(plain(read_config(sums)), fresh=False, folder=sums)
  short = experiment._replace(model=SimpleNamespace(length=4))
  config = {'data': {'too_long': too_long}}
  if too_long == 'refuse':
    with pytest.raises(InputError, match=r'^--input, line 2 has 5 tokens; the model reads 4 '):
      sources(['1+2', '1+1+1'], short, config)
    return
  with caplog.at_level(logging.INFO):
    found = sources(['1+2', '1+1+1'], short, config)
  assert '1 of 2 lines are cut after 4 tokens' in caplog.text
  assert found['length'].tolist() == [3, 4]
  assert found['values'].shape == (2, 4)


@pytest.mark.parametrize(('positions', 'read'), [('rotary', 9), ('learned', 4)])
def test_a_prompt_beyond_the_context_is_logged(workdir, positions, read, caplog):
  # With learned positions what is written takes room.
  model = create_model('gpt', vocabulary=6, context=8, width=8, heads=2, positions=positions)
  experiment = build(config(workdir.parent / 'text.txt'))._replace(model=model)
  asked = {'task': {'length': 5}}
  with caplog.at_level(logging.INFO):
    assert tokens('abc ' * 3, experiment, asked).shape == (1, 12)
    assert caplog.messages == [f'--prompt has 12 tokens; the model reads the last {read}']
    caplog.clear()
    tokens(('abc ' * 3)[:read], experiment, asked)
  assert not caplog.messages


def test_lines_come_from_a_file_or_from_standard_input(tmp_path, monkeypatch):
  text = 'ein Hund\nzwei Hündinnen\n'.encode()
  (tmp_path / 'lines.txt').write_bytes(text)
  monkeypatch.setattr('sys.stdin', io.TextIOWrapper(io.BytesIO(text)))
  expected = ['ein Hund', 'zwei Hündinnen']
  assert read_prompt(None, str(tmp_path / 'lines.txt')) == read_prompt(None, '-') == expected
  assert read_prompt('ein Hund', None) == 'ein Hund'
  (tmp_path / 'latin.txt').write_bytes('ein Hund\nHündin\n'.encode('latin-1'))
  for prompt, name, line in (
    ('Hund', 'lines.txt', r'^--prompt and --input: expected one of them$'),
    (None, 'none.txt', r'^--input=.*none.txt: cannot be read \(No such file or directory\)$'),
    (None, 'latin.txt', r'^--input=.*latin.txt: line 2'),
  ):
    with pytest.raises(InputError, match=line):
      read_prompt(prompt, str(tmp_path / name))
