"""Launchers: train, evaluate, fetch, benchmark. Each is short; what it does can be done from a notebook."""
