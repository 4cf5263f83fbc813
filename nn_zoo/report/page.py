"""The page: what a run gave, on top; then how it got there; then what it was made of."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import NamedTuple

from nn_zoo.report import figures, markup, theme
from nn_zoo.report.markup import Markup, Section

HEADLINE = ('test', 'validation', 'train')  # the first of these that was evaluated is shown large


class Run(NamedTuple):
  """Everything that the page shows, as plain Python."""

  name: str  # the config's name
  description: str  # the first paragraph of its docstring
  command: str  # runs it again
  outcome: (
    Mapping[str, Mapping[str, float]] | None
  )  # split -> metric -> value; None: the sections say it
  rows: Sequence[Mapping]  # {'step', 'split', metric: value, ...}, as in metrics.jsonl
  timing: Mapping[str, float]  # *_seconds, *_per_second; any may be absent
  environment: Mapping[str, str]  # python, jax, device, commit, ...
  config: Mapping  # nested
  model: Sequence[Mapping]  # {'path', 'module', 'output', 'parameters', 'flops'} in order of use
  totals: Mapping[str, float]  # 'parameters' and 'flops' of the whole model
  sections: Sequence[Section]  # what the task has to show


def page(run: Run) -> str:
  """The report of a run as one HTML page that needs nothing else."""
  parts = [
    *((section.title, section.html) for section in run.sections if section.warning),
    ('Learning curves', figures.curves(run.rows)),
    *((section.title, section.html) for section in run.sections if not section.warning),
    ('Speed', _speed(run.timing)),
    ('Model', _model(run.model, run.totals)),
    ('Configuration', markup.settings(flatten(run.config)) if run.config else ''),
    ('Environment', markup.settings(run.environment.items()) if run.environment else ''),
  ]
  body = ''.join(
    f'<section><h2>{escape(title)}</h2>\n{html}</section>\n' for title, html in parts if html
  )
  return (
    '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
    f'<title>{escape(run.name)}</title>\n<style>{theme.style()}</style></head>\n'
    f'<body>{_header(run)}{body}</body></html>\n'
  )


def flatten(tree: Mapping, path: str = '') -> Iterator[tuple[str, object]]:
  """The leaves of a nested dict with their dotted paths."""
  for key, value in tree.items():
    if isinstance(value, Mapping) and value:
      yield from flatten(value, f'{path}{key}.')
    else:
      yield f'{path}{key}', value


def _header(run: Run) -> str:
  facts = []
  if run.rows:
    facts.append(f'{markup.number(max(int(row["step"]) for row in run.rows))} steps')
  if 'parameters' in run.totals:
    facts.append(f'{markup.number(run.totals["parameters"])} parameters')
  if 'train_seconds' in run.timing:
    facts.append(f'trained in {markup.duration(run.timing["train_seconds"])}')
  if 'device' in run.environment:
    facts.append(escape(run.environment['device']))
  line = ''.join(f'<span>{fact}</span>' for fact in facts)
  return (
    f'<header><h1>{escape(run.name)}</h1><p>{escape(run.description)}</p></header>\n'
    f'<section>{_outcome(run.outcome)}<p class="facts">{line}</p>'
    f'<code class="command">{escape(run.command)}</code></section>\n'
  )


def _outcome(outcome: Mapping[str, Mapping[str, float]] | None) -> str:
  """The metrics of the headline split as large figures, those of the others beneath."""
  if outcome is None:
    return ''
  if not outcome:
    return '<p class="note">Nothing was evaluated.</p>'
  first = next((split for split in HEADLINE if split in outcome), next(iter(outcome)))
  items = []
  for metric, value in sorted(outcome[first].items(), key=lambda item: item[0] == 'loss'):
    others = [
      f'{markup.spaced(split)} <b>{markup.quantity(metric, values[metric])}</b>'
      for split, values in outcome.items()
      if split != first and metric in values
    ]
    shown = markup.quantity(metric, value)
    bad = ' class="bad"' if shown in ('NaN', '∞', '-∞') else ''
    items.append(
      f'<div><dt>{markup.spaced(f"{first} {metric}")}</dt><dd{bad}>{shown}</dd>'
      + ''.join(f'<dd>{other}</dd>' for other in others)
      + '</div>'
    )
  return f'<dl class="figures">{"".join(items)}</dl>'


def _speed(timing: Mapping[str, float]) -> str:
  items = []
  for key, value in timing.items():
    if key.endswith('_seconds'):
      label, shown = (
        f'Time to {markup.spaced(key.removesuffix("_seconds"))}',
        markup.duration(value),
      )
    else:
      label, shown = markup.spaced(key).capitalize(), markup.number(float(f'{value:.3g}'))
    items.append(f'<div><dt>{label}</dt><dd>{shown}</dd></div>')
  return f'<dl class="figures small">{"".join(items)}</dl>' if items else ''


def _model(rows: Sequence[Mapping], totals: Mapping[str, float]) -> str:
  """The modules, each with its share of the parameters as a bar."""
  if not rows:
    return ''
  whole = totals.get('parameters', 0)

  def share(count: float | None) -> Markup:
    width = 100 * (count or 0) / whole if whole else 0
    return Markup(f'<span class="share"><i style="width:{width:.1f}%"></i></span>')

  def line(path, module, output, parameters, bar, flops) -> tuple:
    return path, module, output, parameters, bar, Markup(markup.prefixed(flops, 'FLOP'))

  body = (
    line(r['path'], r['module'], r['output'], r['parameters'], share(r['parameters']), r['flops'])
    for r in rows
  )
  foot = line('total', '', '', totals.get('parameters'), '', totals.get('flops'))
  head = ('path', 'module', 'output', 'parameters', '', 'operations')
  return markup.table(head, 'lllrlr', body, foot)
