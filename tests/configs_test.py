"""Every config, shrunk: it trains, its loss falls, and it resumes bit for bit, twice in a row."""

import csv
from pathlib import Path

import jax
import numpy as np
import pytest

from experiments.launch import ROOT, load_config, plain
from nn_zoo.build import build
from nn_zoo.data import load
from nn_zoo.data.bucketed import Bucketed
from nn_zoo.data.dataset import take
from nn_zoo.data.stream import InOrder, Shuffled
from nn_zoo.train.checkpoint import Checkpoints, digests
from nn_zoo.train.loop import Stopped, fit
from nn_zoo.train.record import Record
from tests.train.loop_test import Countdown

CONFIGS = sorted(path.stem for path in (ROOT / 'configs').glob('*.py') if path.stem != '__init__')
STEPS = 24


def own_images(folder: Path) -> str:
  from PIL import Image

  for index in range(60):
    pixels = np.full((20, 24, 3), 40 + 150 * (index % 2), np.uint8)
    path = folder / ('dark', 'light')[index % 2] / f'{index}.png'
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(pixels).save(path)
  return str(folder)


def own_table(folder: Path) -> str:
  rows = np.random.default_rng(0).normal(size=(80, 3))
  with (folder / 'table.csv').open('w', newline='') as file:
    writer = csv.writer(file)
    writer.writerow(['a', 'b', 'c', 'target'])
    writer.writerows([*row, 'yes' if row[0] > 0 else 'no'] for row in rows)
  return str(folder / 'table.csv')


def own_arrays(folder: Path) -> str:
  inputs = np.random.default_rng(0).normal(size=(80, 5)).astype(np.float32)
  np.savez(folder / 'arrays.npz', inputs=inputs, targets=(inputs[:, 0] > 0).astype(np.int32))
  return str(folder / 'arrays.npz')


def own_sequences(folder: Path) -> str:
  random = np.random.default_rng(0)
  inputs, length = random.normal(size=(80, 9, 2)), random.integers(1, 10, 80)
  inputs = np.where(np.arange(9)[None, :, None] < length[:, None, None], inputs, np.nan)
  targets = (inputs[:, 0, 0] > 0).astype(np.int32)
  np.savez(folder / 'sequences.npz', inputs=inputs, length=length, targets=targets)
  return str(folder / 'sequences.npz')


def own_text(folder: Path) -> str:
  lines = ['text,label', *('a good film,yes', 'so bad,no', 'what a film,yes', 'bad,no') * 20]
  (folder / 'texts.csv').write_text('\n'.join(lines))
  return str(folder / 'texts.csv')


def own_series(folder: Path) -> str:
  y = np.sin(np.arange(600) / 4) + 0.1 * np.random.default_rng(0).normal(size=600)
  (folder / 'series.csv').write_text('\n'.join(['y', *map(str, y)]))
  return str(folder / 'series.csv')


def own_text_file(folder: Path) -> str:
  (folder / 'text.txt').write_text('the cat sat on the mat, and the rat sat on the cat.\n' * 40)
  return str(folder / 'text.txt')


WIDE = ('language', 'translation', 'music')  # tasks whose models would take most of the time
NARROW = {
  **{'units': 16, 'embedding': 16, 'width': 16, 'hidden': 16, 'heads': 2, 'layers': 1},
  **{'encoder_layers': 1, 'decoder_layers': 1},
}


def own_pairs(folder: Path) -> str:
  words = ('the cat', 'a dog', 'the rat', 'a man')
  rows = [f'{a} sees {b}\t{b} is seen by {a}' for a in words for b in words for _ in range(20)]
  (folder / 'pairs.tsv').write_text('\n'.join(rows))
  return str(folder / 'pairs.tsv')


def own_anomalies(folder: Path) -> str:
  a, b, c = np.random.default_rng(0).normal(size=(3, 120))
  lines = [f'{i},{j},{i + 0.1 * k},{int(i > 1.5)}' for i, j, k in zip(a, b, c, strict=True)]
  (folder / 'anomalies.csv').write_text('\n'.join(['a,b,c,anomaly', *lines]))
  return str(folder / 'anomalies.csv')


OWN = {
  'own_anomalies': own_anomalies,
  'own_pairs': own_pairs,
  'own_translation': own_pairs,
  'own_images': own_images,
  'own_domains': own_images,
  'own_table': own_table,
  'own_arrays': own_arrays,
  'own_sequences': own_sequences,
  'own_text': own_text,
  'own_series': own_series,
  'own_text_file': own_text_file,
}
PUBLISHED = (
  *('mnist_one_class', 'fashion_mnist_one_class', 'shuttle', 'digits_on_cloth'),
  'stacked_mnist',
  *('mnist', 'fashion_mnist', 'japanese_vowels', 'basic_motions', 'reviews'),
  *('multi30k', 'jsb_chorales', 'nottingham', 'glucose', 'sea_temperature', 'tiny_shakespeare'),
)


# Of these, others have the same task and a like model.
TWINS = (
  *(
    'own_domains',
    'dcgan_few',
    'dcgan_mnist',
    'dcgan_fashion',
    'gan_ring',
    'autoencoder_fashion_anomaly',
  ),
  *(
    'gpt_shakespeare_large',
    'gpt_shakespeare_gpu',
    'vit_fashion',
    'transformer_multi30k',
    'lenet_mnist',
  ),
  *('lstm_adding', 'gru_jsb', 'rnn_jsb', 'lstm_nottingham', 'own_text_file'),
  *('transfer_source', 'transfer_target', 'own_pairs', 'gru_glucose'),
  *('transformer_reviews', 'lstm_mnist_rows', 'wgan_gp_mnist', 'gan_grid', 'tcn_mnist_pixels'),
  *('dcgan_stacked', 'lstm_reviews', 'convnet_fashion', 'lstm_basic_motions', 'lstm_jsb'),
  *('autoencoder_shuttle', 'resnet_fashion', 'gru_multi30k', 'gru_copy', 'own_sequences'),
  *('gru_nottingham', 'rnn_nottingham', 'tcn_nottingham', 'gpt_shakespeare_bpe'),
  *('transformer_multi30k_en_de', 'own_translation', 'sngan_fashion'),
  *('gru_mnist_pixels', 'cyclegan_cloth', 'own_images', 'vit_digits'),
  *('gru_addition', 'f_anogan_mnist', 'autoencoder_mnist_anomaly', 'autoencoder_mnist'),
  *('text_cnn_reviews', 'mlp_sea_temperature', 'mlp_mnist'),
)


@pytest.fixture(
  params=[pytest.param(name, marks=pytest.mark.slow) if name in TWINS else name for name in CONFIGS]
)
def experiment(request, tmp_path):
  """The experiment of a config with its data cut to some 200 examples."""
  config = load_config(f'configs/{request.param}.py')
  if request.param in OWN:
    (tmp_path / 'own').mkdir()
    config.data.path = OWN[request.param](tmp_path / 'own')
  config.train.start = ''  # it would name a run; tests/experiments/transfer_test.py has one
  if config.data.name in ('adding', 'copy_memory'):  # too long for so few steps to learn
    config.data.length = 8
  if config.data.name in PUBLISHED:
    request.getfixturevalue('data_folder')
  if 'heads' in config.model or config.task.name in WIDE or 'vocabulary' in config.data:
    narrow = {
      key: min(config.model[key], least) for key, least in NARROW.items() if key in config.model
    }
    config.model.update(narrow)
  if config.task.name == 'language':
    config.task.window, config.task.length = 8, 5
    config.train.batch_size = 4
    data = load(**config.data)
    config.model.vocabulary = len(data.vocabulary) or data.tokenizers[0].size
    built = build(plain(config))
    read = InOrder(jax.tree.map(lambda text: text[:, :40], built.data.validation), 32)
    return built._replace(evals={'test': read})
  if config.task.name == 'translation':
    if 'vocabulary' in config.data:
      config.data.vocabulary = 260  # bytes
      config.model.vocabulary = load(**config.data).tokenizers[1].size
    if config.data.get('tokens'):
      config.data.tokens, config.data.buckets, config.train.batch_size = 512, 2, 16
    if 'length' in config.model:
      config.model.length = 512  # of the longest in bytes
  elif 'vocabulary' in config.data:  # a table of millions would be saved again and again
    config.data.vocabulary = config.model.vocabulary = 500
  if config.model.name == 'tcn':  # of 784 steps; a few levels show as much
    config.model.widths = (8, 8)
  if config.task.name in (
    'adversarial',
    'f_anogan',
  ):  # of batches of 16; the critic must gain on what it judges
    config.optimizer.learning_rate *= 0.01
    config.task.critic_steps = min(config.task.critic_steps, 2)
  if config.model.name == 'cyclegan':
    config.model.width, config.model.blocks = 4, 0
    config.optimizer.learning_rate *= 0.1
  if config.model.name == 'dcgan':
    config.model.width = 8
  built = build(plain(config))
  train = built.train
  if not isinstance(train, Bucketed):
    train = Shuffled(take(built.data.train, slice(200)), 16)
  evals = {'test': InOrder(take(built.data.test, slice(40)), 32)}
  return built._replace(train=train, evals=evals)


def run(experiment, folder, stop=lambda: False):
  """A short training in a folder; the digests of the state and the rows."""
  record, checkpoints = Record(folder, show=False), Checkpoints(folder / 'checkpoints')
  try:
    state = fit(
      experiment.task,
      experiment.train,
      experiment.evals,
      steps=STEPS,
      log_every=8,
      eval_every=10,
      steps_per_call=3,
      checkpoint=checkpoints,
      record=record,
      stop=stop,
    )
  finally:
    record.close()
    checkpoints.close()
  return digests(state), record.rows, (folder / 'metrics.jsonl').read_text()


def test_a_config_learns_and_resumes_twice_bit_for_bit(experiment, tmp_path):
  straight, stopped = tmp_path / 'straight', tmp_path / 'stopped'
  straight.mkdir()
  stopped.mkdir()
  expected = run(experiment, straight)
  train = [row for row in expected[1] if row['split'] == 'train']
  losses = [row['loss'] if 'loss' in row else row['critic_loss'] for row in train]
  assert losses[-1] < losses[0]
  for count in (2, 4):
    with pytest.raises(Stopped):
      run(experiment, stopped, Countdown(count))
  assert run(experiment, stopped) == expected


@pytest.mark.parametrize('name', CONFIGS)
def test_a_config_says_what_it_is_and_where_it_comes_from(name):
  text = (ROOT / 'configs' / f'{name}.py').read_text()
  assert text.startswith('"""')
  assert '://' in text or name == 'own_table'


@pytest.mark.parametrize('name', CONFIGS)
def test_a_config_has_every_section_with_all_its_keys(name):
  base = plain(load_config('configs/lenet_digits.py'))
  config = plain(load_config(f'configs/{name}.py'))
  assert config.keys() == base.keys()
  for section in ('descend', 'train'):
    assert config[section].keys() == base[section].keys()
  assert base['optimizer'].keys() <= config['optimizer'].keys()


def test_gates_that_remember_begin_for_the_length_that_is_asked_for():
  config = load_config('configs/lstm_adding.py')
  config.data.length = 50
  assert config.model.chrono == 50
  config.model.chrono = 20
  assert config.data.length == 50
