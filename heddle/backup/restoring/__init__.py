"""Bring a whole instance back from a backup: its state, and the volumes of its ordering nodes."""
