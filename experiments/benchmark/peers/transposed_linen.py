"""The same with `flax.linen.ConvTranspose`."""

from flax import linen as nn

from experiments.benchmark.ours.transposed import main

if __name__ == '__main__':
  main(nn.ConvTranspose)
