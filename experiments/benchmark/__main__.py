"""Times nn_zoo beside PyTorch at the same work, on the CPU of this machine.

  python -m experiments.benchmark
  python -m experiments.benchmark --only=mlp_mnist --repeats=3 --norecord
  python -m experiments.benchmark --only=mlp_mnist --steps=500

Each side runs in a process of its own, in turn: ours, peer, ours, peer. Both get the same arrays, batch size,
number of steps, optimizer and float32; both start from cold compilation caches and use all cores. The time
goes from after the imports to the loss of the last step, compilation included. The peer is tried in several
forms first (Adam for each or fused, compiled, channels last, how threads wait) and the fastest is compared.

What counts is the median over pairs of the ratio of their times; the least and the largest are printed
beside it. `floor` is the time that the matrix products alone would take at the speed of a large one
(measured in the same processes), and `reached` the share of that speed which each side attains.

Results are recorded in experiments/benchmark/results/NAME.json, with machine, versions and load. Other work
on the machine spoils the figures: it is measured during every run, and a warning is printed.

MNIST is read from NN_ZOO_DATA (see experiments.fetch); where it is missing, random images of the same shape
stand in. `pip install torch` brings the peer.

Workloads:
{workloads}
"""

import importlib.metadata
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from absl import app, flags

from experiments.benchmark.comparison import compare
from experiments.benchmark.processes import LOAD
from experiments.benchmark.side import cores
from experiments.benchmark.workloads import WORKLOADS, Training, Workload
from experiments.launch import launch
from nn_zoo.data import load
from nn_zoo.errors import InputError
from nn_zoo.named import choose
from nn_zoo.train.workdir import environment, write_json

RESULTS = Path(__file__).resolve().parent / 'results'
