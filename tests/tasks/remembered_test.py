import numpy as np

from nn_zoo.tasks.remembered import remembered


def test_a_result_is_computed_once_for_arrays_of_one_content_and_the_oldest_is_forgotten():
  asked = []

  @remembered(2)
  def total(array, factor):
    asked.append(factor)
    return factor * array.sum()

  array = np.arange(4.0)
  assert total(array, 2) == total(array.copy(), 2) == total(array[:], 2) == 12
  assert total(array, 3) == 18
  assert asked == [2, 3]
  assert total(array.reshape(2, 2), 2) == 12  # of another shape
  assert asked == [2, 3, 2]
  assert total(array, 2) == 12
  assert asked == [2, 3, 2, 2]
