"""Benchmarks: nn_zoo beside a peer that does the same work, in one run of one machine."""
