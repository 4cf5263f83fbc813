"""What a language model wrote.

Axis letters: N texts, T tokens, L tokens written.
"""

from collections.abc import Callable
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
  text: Callable[[np.ndarray], str],
) -> list[Section]:
  """The section with what a model wrote after each text.

  Args:
    state: of the task; not shown.
    inputs: [N, T] token ids that the model read first.
    targets: [N, T], the token that follows each; not shown.
    written: [N, L] token ids.
    text: token ids -> what they stand for.
  """
  del state, targets
  texts = ''.join(
    f'<code class="command"><span style="color:var(--muted)">{escape(text(read[-BEFORE:]))}'
    f'</span>{escape(text(new))}</code>'
    for read, new in zip(np.asarray(inputs), np.asarray(written), strict=True)
  )
  note = '<p class="note">Grey: the end of the text that was read; then what the model wrote.</p>'
  return [Section('Sampled text', note + texts)]
