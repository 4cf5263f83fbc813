"""A denoising autoencoder learns one kind of clothes of Fashion-MNIST and tells it from the nine others.

Paper: Hawkins et al. 2002, https://doi.org/10.1007/3-540-46145-0_17.
Split: training images of the class data.normal, 500 of them by split_seed for validation; all test images.
Command: python -m experiments.train --config=configs/autoencoder_fashion_anomaly.py --config.seed=SEED
Not measured yet.
"""

from configs import autoencoder_mnist_anomaly


def get_config():
  config = autoencoder_mnist_anomaly.get_config()
  config.data.name = 'fashion_mnist_one_class'
  return config
