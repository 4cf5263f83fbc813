import jax
import pytest

from nn_zoo.native import library


@pytest.fixture(params=['native', 'without'])
def kernels(request, monkeypatch):
  """Runs a test with the kernels of this machine and again without them."""
  if request.param == 'native' and library.load():
    pytest.skip(f'no kernels here: {library.load()}')
  if request.param == 'without':
    monkeypatch.setattr(library, 'load', lambda: 'not in this test')
  jax.clear_caches()
  yield request.param
  jax.clear_caches()
