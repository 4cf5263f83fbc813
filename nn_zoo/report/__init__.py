"""The report: one self-contained HTML page that shows what a training run gave."""

from nn_zoo.report.markup import Section
from nn_zoo.report.page import Run, page

__all__ = ['Run', 'Section', 'page']
