"""How good translations are, as texts: BLEU, chrF, and the share that equals the reference.

Axes: N texts, K texts written for one, L and T tokens.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

FIGURES = ('bleu', 'chrf', 'exact')


def texts(tokenizer: Any, tokens_NL: np.ndarray) -> list[str]:
  """The text of each row of token ids, as people write it."""
  return [tokenizer.decode(row) for row in np.asarray(tokens_NL)]


def measures(tokenizer: Any) -> dict[str, Callable[..., dict[str, float]]]:
  """What compares predictions [N, K, L], of which the first is judged, with targets {'values', 'length'}.

  The figures are those of sacreBLEU at its settings, on cased text as people write it: 'bleu'
  and 'chrf' of all texts together, 0 to 100, and 'exact', the share of texts that equal their reference.
  There is no 'bleu' where no reference has the four words that it counts.
  References are what the targets' token ids spell: the text itself, unless it was cut at `data.length` or
  holds what is unknown to the tokenizer.

  Args:
    tokenizer: of the targets.

  Sources: Papineni et al. 2002, "BLEU: a method for automatic evaluation of machine translation",
  https://doi.org/10.3115/1073083.1073135; Popović 2015, "chrF", https://doi.org/10.18653/v1/W15-3049; Post
  2018, "A call for clarity in reporting BLEU scores", https://arxiv.org/abs/1804.08771.
  """

  def translation(predictions: np.ndarray, targets: Mapping[str, np.ndarray]) -> dict[str, float]:
    import sacrebleu

    written = texts(tokenizer, predictions[:, 0])
    references = texts(tokenizer, targets['values'])
    equal = [one == other for one, other in zip(written, references, strict=True)]
    bleu = sacrebleu.corpus_bleu(written, [references], force=True).score
    chrf = sacrebleu.corpus_chrf(written, [references]).score
    found = dict(zip(FIGURES, (bleu, chrf, float(np.mean(equal))), strict=True))
    if not sacrebleu.corpus_bleu(references, [references], force=True).totals[-1]:
      del found['bleu']  # not even the references would have any
    return found

  return {'translation': translation}
