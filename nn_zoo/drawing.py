"""What the report of an experiment shows: its task's sections, with what data and model have to give."""

from collections.abc import Mapping
from functools import partial

import jax
import numpy as np

from nn_zoo.data.vocabulary import spelled
from nn_zoo.layers.convolution import Conv
from nn_zoo.layers.recurrent import Recurrent
from nn_zoo.models.recurrent import siblings
from nn_zoo.report import explanations
from nn_zoo.report import memory as memory_report
from nn_zoo.report.filters import section as first_filters
from nn_zoo.task import Learner, averaged
from nn_zoo.tasks.explain import explain
from nn_zoo.tasks.memory import memories

FEW = 32  # examples over which the gradient in the states is taken


def drawn(
  draw, data, model, prepare, state, inputs, targets, predictions, shown=lambda *_: {}, **settled
):
  """The task's sections with what data and model give besides: classes, words, explanations, filters."""
  classes = {'classes': data.classes} if data.classes else {}
  settled |= shown(state, inputs)
  if data.vocabulary and isinstance(inputs, Mapping):
    inputs = np.array(spelled(inputs, data.vocabulary))
  sections = draw(inputs, targets, predictions, **classes, **settled)
  if isinstance(inputs, Mapping) or inputs.ndim != 4:
    return sections
  logits = data.classes and hasattr(model, 'classes')
  if logits and isinstance(state, Learner) and inputs.shape[-1] in (1, 3):
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
