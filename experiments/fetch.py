"""Fetches published data sets from their public homes, checked by SHA-256.

  python -m experiments.fetch mnist fashion_mnist

They go to a folder a data set below the one that the environment variable NN_ZOO_DATA names, else
~/.cache/nn_zoo. A file that is there and sound is left alone; an interrupted download is resumed by the
same command. Without a network, put the files there by hand: every load checks them.

  name           what                                          fetched  licence
  mnist          70000 handwritten digits, 28 x 28 grey          11 MB  CC BY-SA 3.0
  fashion_mnist  70000 pictures of clothes, 28 x 28 grey         31 MB  MIT
  timeseries     Japanese Vowels, Basic Motions, two series       4 MB  public (UCI, UEA archives), BSD-3
  music          JSB chorales and Nottingham, .mat                1 MB  public research data
  sentiment      10605 film review snippets and others           2 MB  MIT
  text           Shakespeare's plays, for language models         1 MB  public domain
  multi30k       31014 captions of photographs in de, en, fr      2 MB  CC BY-NC-SA 4.0
"""

from absl import app

from experiments.launch import launch
from nn_zoo.data.fetch import fetch
from nn_zoo.data.homes import FILES
from nn_zoo.named import choose


def main(argv: list[str]) -> None:
  """Fetches the data sets that the arguments name."""
  names = argv[1:]
  if not names:
    raise app.UsageError('name at least one data set of the list above', exitcode=2)
  for name in names:
    choose(FILES, name, 'data set')
  for name in names:
    fetch(name)


if __name__ == '__main__':
  launch(main, arguments=True)
