"""One table of all models and one of all tasks: a row buys an entry every property test."""

from tests.examples.generative import GENERATIVE
from tests.examples.images import IMAGES
from tests.examples.sequences import SEQUENCES
from tests.examples.tasks import TASK_EXAMPLES, as_float

MODEL_EXAMPLES = IMAGES | SEQUENCES | GENERATIVE

__all__ = ['MODEL_EXAMPLES', 'TASK_EXAMPLES', 'as_float']
