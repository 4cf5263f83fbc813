"""What a language model wrote.

Axis letters: N texts, T tokens, L tokens written.
"""

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from nn_zoo.report.markup import Section

BEFORE = 300  # tokens shown of the text that the model went on with


def sections(
  state: Any,
  inputs: np.ndarray,
  targets: np.ndarray,
  written: np.ndarray,
  *,
  vocabulary: Sequence[str],
) -> list[Section]:
  """The section with what a model wrote after each text.

  Args:
    state: of the task; not shown.
    inputs: [N, T] token ids that the model read first.
    targets: [N, T], the token that follows each; not shown.
    written: [N, L] token ids.
    vocabulary: what each id stands for.
  """
  del state, targets
  texts = ''.join(
    f'<code class="command"><span style="color:var(--muted)">{_text(read[-BEFORE:], vocabulary)}'
    f'</span>{_text(new, vocabulary)}</code>'
    for read, new in zip(np.asarray(inputs), np.asarray(written), strict=True)
  )
  note = '<p class="note">Grey: the end of the text that was read; then what the model wrote.</p>'
  return [Section('Sampled text', note + texts)]


def _text(tokens, vocabulary):
  return escape(''.join(vocabulary[token] for token in tokens))
