"""Sequences of unequal length and texts, from a file to figures and the report's sections."""

import jax
import numpy as np
import pytest

from experiments.launch import load_config, plain
from nn_zoo.build import build
from nn_zoo.errors import InputError
from nn_zoo.train.evaluation import evaluate, evaluation, predict
from tests.configs_test import own_sequences, own_text


def own(name, folder):
  config = load_config(f'configs/{name}.py')
  config.data.path = {'own_sequences': own_sequences, 'own_text': own_text}[name](folder)
  config.train.batch_size = 8
  if name == 'own_text':
    config.model.vocabulary, config.model.embedding, config.model.maps = 40, 4, 3
  return config


@pytest.mark.parametrize(('name', 'shown'), [('own_sequences', '<polyline'), ('own_text', '<dd>')])
def test_figures_do_not_depend_on_the_batch_and_mistakes_are_shown(tmp_path, name, shown):
  config = own(name, tmp_path)
  config.data.test = 0.3
  figures = []
  for size in (5, 24):
    config.train.eval_batch_size = size
    experiment = build(plain(config))
    state = jax.jit(experiment.task.init)(jax.random.key(0), experiment.train[0])
    stream = experiment.evals['test']
    assert len(stream) == {5: 5, 24: 1}[size]
    calls = evaluation(experiment.task, stream, state)
    figures.append(evaluate(calls, state, len(stream)))
  assert figures[0]['accuracy'] == figures[1]['accuracy']
  np.testing.assert_allclose(figures[0]['loss'], figures[1]['loss'], rtol=1e-5)
  logits = predict(experiment.task, state, stream)
  test = experiment.data.test
  assert logits.shape == (len(test['targets']), 2)
  wrong = np.eye(2)[1 - test['targets']]
  sections = experiment.sections(state, test['inputs'], test['targets'], wrong)
  mistakes = next(section.html for section in sections if section.title == 'Worst mistakes')
  assert mistakes.count(shown) >= len(test['targets'])


@pytest.mark.parametrize(
  ('name', 'model', 'line'),
  [
    ('own_sequences', {'name': 'mlp'}, r"^model.name='mlp' takes no sequences of unequal length"),
    (
      'own_sequences',
      {'name': 'lstm', 'vocabulary': 9},
      r'vocabulary=9, but the data has no tokens',
    ),
    ('own_text', {'name': 'mlp'}, r"^model.name='mlp' reads no tokens, .* try text_cnn, lstm"),
    (
      'own_text',
      {'name': 'gru', 'vocabulary': 5},
      r'=5, but the data has \d+ token ids; set --conf',
    ),
    ('own_text', {'name': 'gru'}, r'vocabulary=0, but the data has (\d+) .*model.vocabulary=\1$'),
  ],
)
def test_a_model_that_cannot_read_the_data_is_one_line(tmp_path, name, model, line):
  config = own(name, tmp_path)
  config.model = {'classes': 2, **model}
  with pytest.raises(InputError, match=line) as caught:
    build(plain(config))
  assert '\n' not in str(caught.value)


@pytest.mark.parametrize('name', ['own_sequences', 'own_text'])
def test_sizes_of_0_are_those_of_the_data(tmp_path, name):
  config = own(name, tmp_path)
  config.model.classes = 0
  if name == 'own_text':
    config.model.vocabulary = 0
  built = build(plain(config))
  assert built.model.classes == len(built.data.classes) == 2
  assert built.model.vocabulary == len(built.data.vocabulary)
  assert (built.model.vocabulary > 2) == (name == 'own_text')


def test_images_alone_can_be_augmented(tmp_path):
  config = own('own_sequences', tmp_path)
  config.augment = {'flip': {'probability': 0.5}}
  with pytest.raises(InputError, match=r'^augment.flip: expected images'):
    build(plain(config))
