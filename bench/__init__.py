"""Figures that users feel, each in one run; `make bench` prints them."""
