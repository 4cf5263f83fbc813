"""What the report of an experiment shows: its task's sections, with what data and model have to give."""

from collections.abc import Mapping
from functools import partial

import jax
import numpy as np

from nn_zoo.data.text_file import written
from nn_zoo.data.vocabulary import spelled
from nn_zoo.layers.convolution import Conv
from nn_zoo.layers.recurrent import Recurrent
from nn_zoo.models.bert import BERT
from nn_zoo.models.gpt import GPT
from nn_zoo.models.recurrent import siblings
from nn_zoo.models.transformer import Transformer
from nn_zoo.models.vit import ViT
from nn_zoo.ops.decoding import BEGIN
from nn_zoo.report import attention as attention_report
from nn_zoo.report import explanations
from nn_zoo.report import memory as memory_report
from nn_zoo.report.attention import Looks
from nn_zoo.report.filters import section as first_filters
from nn_zoo.report.markup import escape
from nn_zoo.task import Learner, averaged
from nn_zoo.tasks.attended import attended
from nn_zoo.tasks.explain import explain
from nn_zoo.tasks.memory import memories

FEW = 32  # examples over which the gradient in the states is taken
SHOWN = 4  # examples of which the report shows where all heads look
LONGEST = 64  # tokens of them
TRANSFORMERS = (BERT, GPT, Transformer, ViT)


def drawn(
  draw, data, model, prepare, state, inputs, targets, predictions, shown=lambda *_: {}, **settled
):
  """The task's sections with what data and model give besides: classes, words, explanations, filters."""
  classes = {'classes': data.classes} if data.classes else {}
  settled |= shown(state, inputs)
  if data.vocabulary and isinstance(inputs, Mapping):
    inputs = np.array(spelled(inputs, data.vocabulary))
  sections = draw(inputs, targets, predictions, **classes, **settled)
  if isinstance(inputs, Mapping) or inputs.ndim != 4 or not isinstance(state, Learner):
    return sections
  logits = data.classes and hasattr(model, 'classes')
  if logits and inputs.shape[-1] in (1, 3):
    variables = {'params': averaged(state), **state.stats}
    look = partial(explain, model, variables, prepare, Conv)
    sections += explanations.sections(look, inputs, targets, predictions, data.classes)
  filters = first_filters(jax.device_get(averaged(state)), inputs.shape[1:])
  return sections + ([filters] if filters else [])


def with_memory(draw, task_of, model, config, state, inputs, targets, predictions, **settled):
  """The sections, and the gradient in the states of the trained network and of new ones of every kind."""
  sections = draw(state, inputs, targets, predictions, **settled)
  if isinstance(inputs, Mapping):
    return sections
  batch = {'inputs': inputs[:FEW], 'targets': targets[:FEW]}
  batch['weight'] = np.ones(len(batch['targets']), np.float32)
  tasks = {name: task_of(each) for name, each in siblings(model).items()}
  key = jax.random.fold_in(jax.random.key(config['seed']), 0)
  norms = memories(tasks, config['model']['name'], state, batch, key, Recurrent)
  return [*sections, memory_report.section(norms)]


def with_heads(draw, data, model, prepare, state, inputs, targets, predictions, **settled):
  """The sections, and where each head of each layer of a Transformer looks, for the first examples."""
  sections = draw(state, inputs, targets, predictions, **settled)
  if model.implementation == 'cudnn':  # which keeps no weights
    return sections
  learner = getattr(state, 'learner', state)
  variables = {'params': averaged(learner), **learner.stats}
  some = jax.tree.map(lambda array: np.asarray(array[:SHOWN]), inputs)
  looks = _looks(model, prepare, variables, some, np.asarray(predictions[:SHOWN]))
  captions = [escape(caption) for caption in _captions(data, some, targets)]
  return [*sections, attention_report.section(looks, captions)] if captions else sections


def _captions(data, some, targets):
  # What the maps are of: the texts, cut where the maps are; of images their class.
  if isinstance(some, Mapping) and data.tokenizers:
    rows = zip(some['values'], some['length'], strict=True)
    return [data.tokenizers[0].decode(values[: min(length, LONGEST)]) for values, length in rows]
  if isinstance(some, Mapping) and data.vocabulary:
    return spelled(some | {'length': np.minimum(some['length'], LONGEST)}, data.vocabulary)
  if data.tokenizers or data.vocabulary:
    return [written(tokens[:LONGEST], data) for tokens in some]
  names = map(data.classes.__getitem__, targets[: len(some)]) if data.classes else [''] * len(some)
  return [*map(str, names)]


def _looks(model, prepare, variables, some, predictions):
  # Weights [layers, heads, rows, columns] of each example, by the kind of layer.
  if isinstance(model, ViT):
    side = some.shape[1] // model.patch
    (maps,) = attended(model, variables, prepare(some))
    maps = maps[..., 0, 1:]
    maps = np.swapaxes(maps.reshape(*maps.shape[:3], side, -1), 0, 1)
    return [Looks('', 'A map is the image in patches, as the class token looks at it.', [*maps])]
  if isinstance(model, Transformer):
    return _of_pair(model, variables, some, predictions[:, 0])
  if isinstance(model, GPT):
    some = some[:, : model.context]
  length = some['length'] if isinstance(some, Mapping) else [some.shape[1]] * len(some)
  (maps,) = attended(model, variables, some)
  about = 'Rows: tokens that look; columns: tokens that are looked at.'
  return [Looks('', about, _cropped(maps, length, length))]


def _of_pair(model, variables, source, tokens_BL):
  # The decoder on the source, the encoder on itself and the decoder on what it has written.
  begin = np.full((len(tokens_BL), 1), BEGIN, np.int32)
  read = np.concatenate([begin, tokens_BL[:, :-1]], axis=1)
  layers = ('cross_attention', 'encoder/attention', 'decoder/attention')
  across, encoder, decoder = attended(model, variables, source, read, layers=layers)
  count, length = (tokens_BL != 0).sum(axis=1), source['length']
  return [
    Looks(
      'The decoder on the source',
      'Rows: tokens written; columns: tokens of the source.',
      _cropped(across, count, length),
    ),
    Looks(
      'The encoder on itself',
      'Rows: tokens of the source that look; columns: those that are looked at.',
      _cropped(encoder, length, length),
    ),
    Looks(
      'The decoder on itself',
      'Rows: tokens written; columns: the token that begins a text, and those written before.',
      _cropped(decoder, count, count),
    ),
  ]


def _cropped(maps, rows_B, columns_B):
  return [
    maps[:, n, :, : min(rows, LONGEST), : min(columns, LONGEST)]
    for n, (rows, columns) in enumerate(zip(rows_B, columns_B, strict=True))
  ]
