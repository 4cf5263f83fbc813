"""The members of a sweep: what each of them sets, and which of them are one compiled program."""

import ast
import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict

from experiments.launch import plain
from nn_zoo.build import Experiment, build
from nn_zoo.config import check_config
from nn_zoo.data import load
from nn_zoo.errors import InputError
from nn_zoo.fitting import data_of
from nn_zoo.named import nearest


def parse(texts: Sequence[str]) -> dict[str, tuple[Any, ...]]:
  """--set flags, KEY=VALUE,VALUE,..., as key -> values.

  Raises:
    InputError: there is no '=', or no value.
  """
  values = {}
  for text in texts:
    key, _, listed = text.partition('=')
    try:
      values[key] = tuple(ast.literal_eval(f'[{listed}]'))
    except (ValueError, SyntaxError):
      values[key] = tuple(listed.split(','))
    if not values[key] or '' in values[key]:
      raise InputError(f'--set={text}: expected KEY=VALUE,VALUE,...')
  return values


def combinations(
  config: ConfigDict, values: Mapping[str, Sequence[Any]]
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
  """What each member sets, and its whole config, as plain values.

  Raises:
    InputError: there is no such key, or a value is of another type.
  """
  for combination in itertools.product(*values.values()):
    own, changes = config.copy_and_resolve_references(), dict(zip(values, combination, strict=True))
    for key, value in changes.items():
      *sections, last = key.split('.')
      node: Any = own
      for section in sections:
        node = node[section] if isinstance(node, ConfigDict) and section in node else {}
      if last not in node or isinstance(node[last], ConfigDict):
        raise InputError(f'--set={key}: no such key of the config.{nearest(last, node)}')
      try:
        node[last] = float(value) if isinstance(node[last], float) else value
      except (TypeError, ValueError):
        kind = type(node[last]).__name__
        raise InputError(f'--set={key}={value!r}: expected a value of type {kind}') from None
    yield changes, plain(own)


def built(configs: Sequence[Mapping[str, Any]]) -> list[Experiment]:
  """The experiments of some configs; those with the same data share it."""
  loaded: dict[str, Any] = {}
  experiments = []
  for own in configs:
    check_config(own)
    section = data_of(own)
    key = json.dumps(section, sort_keys=True)
    if key not in loaded:  # an experiment's own data can have been changed for its task
      loaded[key] = load(**section)
    experiments.append(build(own, data=loaded[key]))
  return experiments


def alike(experiments, configs) -> list[list[int]]:
  """The places of those whose tasks are the same programs, constants included."""
  groups: dict[str, list[int]] = {}
  texts: dict[str, str] = {}
  for place, (experiment, own) in enumerate(zip(experiments, configs, strict=True)):
    known = json.dumps(own | {'seed': 0}, sort_keys=True)
    if known not in texts:
      texts[known] = _program(experiment) + json.dumps(own['train'], sort_keys=True)
    groups.setdefault(texts[known], []).append(place)
  return list(groups.values())


def _program(experiment: Experiment) -> str:
  task, key, batch = experiment.task, jax.random.key(0), experiment.train[0]
  state = jax.eval_shape(task.init, key, batch)
  step = jax.jit(lambda rate, *given: experiment.at_rate(rate).step(*given))
  traced = [jax.jit(task.init).trace(key, batch), step.trace(np.float32(1), state, batch, key)]
  traced.append(jax.jit(task.evaluate).trace(state, batch, key))
  digest = hashlib.sha256(' '.join(experiment.evals).encode())
  for each in traced:
    digest.update(each.lower().as_text().encode())
    for constant in each.jaxpr.consts:
      digest.update(np.ascontiguousarray(constant).tobytes())
  return digest.hexdigest()
