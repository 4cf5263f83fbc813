"""Strict by default: rank promotion raises, warnings are errors, and there are two virtual CPU devices."""

import os
from pathlib import Path

os.environ['XLA_FLAGS'] = (
  os.environ.get('XLA_FLAGS', '') + ' --xla_force_host_platform_device_count=2'
)

import jax
import pytest

jax.config.update('jax_numpy_rank_promotion', 'raise')


@pytest.fixture
def data_folder() -> Path:
  """The folder with real data that NN_ZOO_DATA names; a test that needs it is skipped where it is absent."""
  folder = os.environ.get('NN_ZOO_DATA')
  if not folder or not Path(folder).is_dir():
    pytest.skip('NN_ZOO_DATA names no folder with real data')
  return Path(folder)
