"""Decide, from facts of nodes and channels and what is wanted, the next safe step. Pure."""
