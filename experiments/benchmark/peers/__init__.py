"""The peer's side of each workload: a program that takes a spec in JSON and prints one line of JSON."""
