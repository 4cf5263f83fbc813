"""Pure functions of arrays: activations, losses and the other mathematics that has no parameters."""
