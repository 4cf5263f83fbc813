"""Models that make examples, at a small size."""

from tests.examples.parameters import ModelExample, dense, norm

GENERATIVE = {
  'gan_mlp': ModelExample(
    'gan_mlp',
    {'shape': (2,), 'latent': 3, 'widths': (5,), 'spectral': True},
    (4, 3),
    dense('generator/Dense_0', 3, 5)
    | dense('generator/Dense_1', 5, 2)
    | dense('critic/SpectralLinear_0', 2, 5)
    | dense('critic/Judgement_0/SpectralLinear_0', 5, 1),
  ),
  'dcgan': ModelExample(
    'dcgan',
    {'shape': (8, 8, 1), 'latent': 3, 'width': 4},
    (4, 3),
    {
      'generator/Dense_0/kernel': (3, 64),
      'generator/ConditionalNormalization_0/Normalization_0/BatchNorm_0/scale': (4,),
      'generator/ConditionalNormalization_0/Normalization_0/BatchNorm_0/bias': (4,),
    }
    | dense('generator/ConvTranspose_0', 4, 4, 4, 1)
    | dense('critic/SpectralLinear_0', 4, 4, 1, 4)
    | dense('critic/Judgement_0/SpectralLinear_0', 64, 1),
  ),
  'sngan': ModelExample(
    'sngan',
    {'shape': (8, 8, 1), 'latent': 3, 'width': 4},
    (4, 3),
    dense('generator/Dense_0', 3, 64)
    | dense('generator/_Up_0/Conv_1', 3, 3, 4, 4)
    | dense('generator/Conv_0', 3, 3, 4, 1)
    | {
      'generator/_Up_0/Conv_0/kernel': (3, 3, 4, 4),
      'generator/_Up_0/Conv_2/kernel': (1, 1, 4, 4),
      'critic/_Down_0/SpectralLinear_2/kernel': (1, 1, 1, 4),
    }
    | {
      f'generator/{path}/Normalization_0/BatchNorm_0/{name}': (4,)
      for path in (
        '_Up_0/ConditionalNormalization_0',
        '_Up_0/ConditionalNormalization_1',
        'ConditionalNormalization_0',
      )
      for name in ('scale', 'bias')
    }
    | dense('critic/_Down_0/SpectralLinear_0', 3, 3, 1, 4)
    | dense('critic/_Down_0/SpectralLinear_1', 3, 3, 4, 4)
    | dense('critic/_Down_1/SpectralLinear_0', 3, 3, 4, 4)
    | dense('critic/_Down_1/SpectralLinear_1', 3, 3, 4, 4)
    | dense('critic/Judgement_0/SpectralLinear_0', 4, 1),
  ),
  'cyclegan': ModelExample(
    'cyclegan',
    {'shape': (8, 8, 1), 'other': 2, 'width': 2, 'blocks': 1},
    (4, 8, 8, 1),
    {
      'forth/Conv_0/kernel': (7, 7, 1, 2),
      'forth/Conv_1/kernel': (3, 3, 2, 4),
      'forth/Conv_2/kernel': (3, 3, 4, 8),
      'forth/Conv_3/kernel': (3, 3, 8, 8),
      'forth/Conv_4/kernel': (3, 3, 8, 8),
      'forth/ConvTranspose_0/kernel': (4, 4, 8, 4),
      'forth/ConvTranspose_1/kernel': (4, 4, 4, 2),
      'critic_second/Conv_1/kernel': (4, 4, 2, 4),
    }
    | {
      f'forth/Normalization_{index}/GroupNorm_0/{name}': (features,)
      for index, features in enumerate((2, 4, 8, 8, 8, 4, 2))
      for name in ('scale', 'bias')
    }
    | dense('forth/Conv_5', 7, 7, 2, 2)
    | dense('critic_second/Conv_0', 4, 4, 2, 2)
    | norm('critic_second/Normalization_0/GroupNorm_0', 4)
    | dense('critic_second/Conv_2', 3, 3, 4, 1),
  ),
  'autoencoder': ModelExample(
    'autoencoder',
    {'shape': (3, 2), 'latent': 2, 'widths': (5,), 'activation': 'tanh'},
    (4, 3, 2),
    dense('encoder/Dense_0', 6, 5)
    | dense('encoder/Dense_1', 5, 2)
    | dense('decoder/Dense_0', 2, 5)
    | dense('decoder/Dense_1', 5, 6),
  ),
  'vae': ModelExample(
    'vae',
    {'shape': (3, 2), 'latent': 2, 'widths': (5,), 'activation': 'tanh'},
    (4, 3, 2),
    dense('encoder/Dense_0', 6, 5)
    | dense('encoder/Dense_1', 5, 4)
    | dense('decoder/Dense_0', 2, 5)
    | dense('decoder/Dense_1', 5, 6),
  ),
}
