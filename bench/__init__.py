"""Measure what users feel, each beside its peer in one run; `make bench` prints the figures."""
