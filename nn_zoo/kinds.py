"""What each task brings to an experiment besides its functions; KINDS is the table of all of it."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from nn_zoo.data.dataset import Dataset
from nn_zoo.data.latents import from_latents, with_noise
from nn_zoo.data.preprocess import moments, pixels_to_shares, symmetric
from nn_zoo.data.text_file import bytes_of
from nn_zoo.likeness import (
  against_data,
  against_domain,
  against_inputs,
  against_unlabelled,
  of_noise,
  of_noise_as_normal,
)
from nn_zoo.report import adversarial as adversarial_report
from nn_zoo.report import anomaly as anomaly_report
from nn_zoo.report import classification as classification_report
from nn_zoo.report import diagnosis as diagnosis_report
from nn_zoo.report import forecasting as forecasting_report
from nn_zoo.report import labelling as labelling_report
from nn_zoo.report import language as language_report
from nn_zoo.report import music as music_report
from nn_zoo.report import regression as regression_report
from nn_zoo.report import translation as translation_report
from nn_zoo.report import unpaired as unpaired_report
from nn_zoo.report.markup import Section
from nn_zoo.tasks import decisions, generated, translated, verdicts
from nn_zoo.tasks.anomaly import measured as measured_detection
from nn_zoo.tasks.anomaly import measures as detection
from nn_zoo.tasks.anomaly import shown as shown_detection
from nn_zoo.tasks.f_anogan import drawn as drawn_by_generator
from nn_zoo.tasks.f_anogan import restored as restored_by_generator
from nn_zoo.tasks.music import composed
from nn_zoo.tasks.translation import alignments
from nn_zoo.tasks.unpaired import round_trip
from nn_zoo.tasks.vae import decoded


class Kind(NamedTuple):
  """What a task brings besides its functions: its targets, measures, and sections of the report."""

  # 'classes', 'labels' of steps, 'reals', 'notes', 'tokens' that come next, 'texts', 'domains' or 'any'
  targets: str
  measures: dict[str, Callable[..., float | dict[str, Any]]]
  sections: Callable[..., list[Section]]
  settle: Callable[..., Callable] | None = None  # (fields, validation targets) -> Experiment.settle
  outputs: bool = True  # one for each class or target; else the task checks the model's
  given: Callable[[Dataset], dict[str, Any]] = lambda data: {}  # what the task is given besides
  shown: Callable[..., dict[str, Any]] = (
    lambda *_: {}
  )  # (fields, model, state, inputs), to sections
  # Of generative tasks: (data, latent, seed) -> the data as they see it; the data -> measures.
  posed: Callable[..., Any] | None = None
  measured: Callable[..., dict[str, Callable]] | None = None
  watched: tuple[str, ...] = ()  # what measures give, if they are taken at every evaluation
  # Of tasks that make examples: (fields, model, state, what they are made of, key) -> examples.
  draw: Callable[..., Any] | None = None
  # If these are not its outputs: the arrays of a split -> what they are made of, and real examples to compare
  # them with; the data -> measures of them.
  beside: Callable[[Mapping[str, Any]], tuple[Any, np.ndarray]] | None = None
  likeness: Callable[[Dataset], Callable[..., dict[str, Any]]] | None = None
  # Of the figures of a whole split, others that follow from them.
  derived: Callable[[dict[str, Any]], dict[str, float | None]] = lambda values: {}
  # Of the rows of a record: what has gone wrong in training, in a line; '' for nothing.
  trouble: Callable[[Sequence[Mapping[str, Any]]], str] = lambda rows: ''
  # Of the figures of a whole split: the same of what has come out.
  verdict: Callable[[Mapping[str, Any]], str] = lambda values: ''


def _symmetric(data: Dataset) -> dict[str, Any]:
  return {'prepare': symmetric(data.train['inputs'])}


def _perplexity(values: dict[str, Any]) -> dict[str, float | None]:
  """e^loss, the number of equally likely tokens that a language model is as unsure among."""
  loss = values['loss']
  return {'perplexity': math.exp(loss) if loss is not None and loss < 700 else None}


def _r2(predictions: np.ndarray, targets: np.ndarray) -> float:
  """1 - sum (y - p)^2 / sum (y - mean y)^2, the share of the variance that is explained."""
  from sklearn.metrics import r2_score

  return float(r2_score(targets, predictions))


def _generated(inputs, targets, outputs, *, measure, **found) -> list[Section]:
  shares = measure(outputs, targets).get('mode_shares')
  return adversarial_report.sections(inputs, targets, outputs, mode_shares=shares, **found)


def _judged(task: str) -> dict[str, Callable]:
  return {'trouble': partial(verdicts.won, task), 'verdict': partial(verdicts.collapsed, task)}


KINDS = {
  'adversarial': Kind(
    'any',
    {},
    _generated,
    outputs=False,
    given=_symmetric,
    shown=generated.shown,
    posed=from_latents,
    measured=against_data,
    watched=generated.FIGURES,
    draw=lambda made, _, *rest: made['predict'](*rest),
    **_judged('adversarial'),
  ),
  'anomaly': Kind(
    'classes',
    {},
    partial(anomaly_report.sections, detection),
    outputs=False,
    given=_symmetric,
    shown=shown_detection,
    measured=measured_detection,
  ),
  'autoencoder': Kind(
    'any',
    {},
    adversarial_report.reconstructions,
    outputs=False,
    given=_symmetric,
    shown=generated.codes,
  ),
  'vae': Kind(
    'any',
    {},
    adversarial_report.reconstructions,
    outputs=False,
    given=lambda data: {'prepare': pixels_to_shares(data.train['inputs'])},
    shown=generated.codes,
    posed=with_noise,
    watched=generated.FIGURES,
    draw=decoded,
    beside=of_noise,
    likeness=against_inputs,
    **_judged('vae'),
  ),
  'classification': Kind('classes', {}, classification_report.sections),
  'diagnosis': Kind(
    'classes',
    {'diagnosis': decisions.measures},
    partial(diagnosis_report.sections, decisions.measures),
    decisions.operating_point,
  ),
  'f_anogan': Kind(
    'classes',
    {},
    partial(anomaly_report.sections, detection),
    outputs=False,
    given=_symmetric,
    shown=lambda made, model, state, inputs: (
      shown_detection(made, model, state, inputs, restored_by_generator)
      | generated.from_prior(made, model, state)
    ),
    posed=with_noise,
    measured=measured_detection,
    watched=generated.FIGURES,
    draw=drawn_by_generator,
    beside=of_noise_as_normal,
    likeness=against_unlabelled,
    **_judged('f_anogan'),
  ),
  'forecasting': Kind(
    'reals',
    {},
    forecasting_report.sections,
    outputs=False,
    given=lambda data: {'examples': data.train},
    shown=lambda fields, *_: {key: fields[key] for key in ('quantiles', 'season')},
  ),
  'labelling': Kind(
    'labels',
    {},
    labelling_report.sections,
    shown=lambda fields, *_: {'background': fields['background']},
  ),
  'language': Kind(
    'tokens',
    {},
    language_report.sections,
    outputs=False,
    given=lambda data: {'bytes_V': bytes_of(data)},
    derived=_perplexity,
  ),
  'music': Kind('notes', {}, music_report.sections, shown=composed),
  'regression': Kind(
    'reals',
    {'r2': _r2},
    regression_report.sections,
    given=lambda data: dict(
      zip(('location', 'scale'), moments(data.train['targets']), strict=True)
    ),
  ),
  'translation': Kind(
    'texts',
    {},
    translation_report.sections,
    outputs=False,
    shown=lambda made, *rest: alignments(made, *rest) | {'tokenizers': made['data'].tokenizers},
    measured=lambda data: translated.measures(data.tokenizers[1]),
    watched=translated.FIGURES,
  ),
  'unpaired': Kind(
    'domains',
    {},
    unpaired_report.sections,
    outputs=False,
    given=_symmetric,
    shown=round_trip,
    measured=against_domain,
    draw=lambda made, _, state, source, key: made['predict'](state, source['image'], key),
    **_judged('unpaired'),
  ),
}
