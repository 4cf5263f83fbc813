"""nn_zoo: every classical neural network in JAX and Flax, and one small loop that trains them all.

import nn_zoo, optax
data = nn_zoo.load('digits', scale=4, validation=0, test=0.2, split_seed=0)
model = nn_zoo.create_model('lenet', classes=10)
task = nn_zoo.classification(model, optax.adam(1e-3), prepare=lambda x: x / 255)
state = nn_zoo.fit(task, nn_zoo.Shuffled(data.train, 64), steps=500)
logits = task.predict(state, data.test['inputs'], key=None)
"""

from nn_zoo.data import load
from nn_zoo.data.stream import InOrder, Shuffled
from nn_zoo.errors import InputError
from nn_zoo.models import MODELS, create_model, list_models
from nn_zoo.models.summary import summary
from nn_zoo.task import Learner, Mean, Task, averaged, begin, descend
from nn_zoo.tasks import TASKS
from nn_zoo.tasks.classification import classification
from nn_zoo.tasks.regression import regression
from nn_zoo.train.evaluation import evaluate, evaluation, predict
from nn_zoo.train.loop import fit
from nn_zoo.train.optimizer import optimizer

__all__ = [
  'MODELS',
  'TASKS',
  'InOrder',
  'InputError',
  'Learner',
  'Mean',
  'Shuffled',
  'Task',
  'averaged',
  'begin',
  'classification',
  'create_model',
  'descend',
  'evaluate',
  'evaluation',
  'fit',
  'list_models',
  'load',
  'optimizer',
  'predict',
  'regression',
  'summary',
]
