"""Benchmarks: our scan beside its peers, all measured in one run; ``python -m benchmarks``."""
