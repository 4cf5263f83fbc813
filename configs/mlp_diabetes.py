"""A multilayer perceptron on scikit-learn's diabetes table: regression, R² beside a ridge regression.

Paper of the data: Efron et al. 2004, "Least angle regression", https://arxiv.org/abs/math/0406456.
Split: one permutation of the 442 patients by split_seed; 110 test, 66 validation (which chooses the step).
Command: python -m experiments.train --config=configs/mlp_diabetes.py --config.seed=SEED
Test R², seeds 0, 1, 2: 0.503, 0.499, 0.505; scikit-learn's RidgeCV on the same split, fitted to training and
validation patients together: 0.492. 0.1 s of training, 11 s as a whole process (2 busy cores of an Intel
Xeon at 2.3 GHz, jax 0.10.2).
32 seeds side by side (python -m experiments.sweep --config=configs/mlp_diabetes.py --seeds=32): test R²
0.499 ± 0.010 (standard deviation); 0.83-0.88 s of training, where one seed took 0.12-0.17 s at the time.
"""

from configs import base


def get_config():
  config = base.supervised()
  config.data = {'name': 'diabetes', 'validation': 0.15, 'test': 0.25, 'split_seed': 0}
  config.model = {
    'name': 'mlp',
    'classes': 1,
    'widths': (32,),
    'activation': 'silu',
    'normalization': 'none',
    'dropout': 0.2,
    'dtype': 'float32',
  }
  config.task = {'name': 'regression', 'loss': 'mse', 'l1': 0.0, 'l2': 0.0}
  config.optimizer.learning_rate = 3e-3
  config.optimizer.weight_decay = 0.3
  config.optimizer.average = 0.99
  config.train.steps = 600
  config.train.batch_size = 64
  config.train.eval_every = 50
  config.train.log_every = 50
  config.train.select = 'best'
  return config
