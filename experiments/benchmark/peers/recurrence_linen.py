"""The same stack with stock Flax: `flax.linen.RNN` of its cells."""

from flax import linen as nn

from experiments.benchmark.ours.recurrence import main

CELLS = {
  'rnn_tanh': lambda features: nn.SimpleCell(features),
  'rnn_relu': lambda features: nn.SimpleCell(features, activation_fn=nn.relu),
  'lstm': lambda features: nn.OptimizedLSTMCell(features),
  'gru': lambda features: nn.GRUCell(features),
}


class Stack(nn.Module):
  """Layers of `flax.linen.RNN`, in both directions where asked."""

  cell: str
  features: int
  layers: int
  bidirectional: bool

  @nn.compact
  def __call__(self, x_BTD, length_B=None):
    for _ in range(self.layers):
      layer = nn.RNN(CELLS[self.cell](self.features))
      if self.bidirectional:
        layer = nn.Bidirectional(layer, nn.RNN(CELLS[self.cell](self.features)))
      x_BTD = layer(x_BTD, seq_lengths=length_B)
    return x_BTD


def network(spec):
  """The stack as a Linen module that takes (x_BTD, length_B)."""
  return Stack(spec['cell'], spec['features'], spec['layers'], spec['bidirectional'])


if __name__ == '__main__':
  main(network)
