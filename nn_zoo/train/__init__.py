"""What surrounds a task while it is trained: the loop, optimizers, checkpoints and the record of a run."""
