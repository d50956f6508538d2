"""Check this machine, a stack's file, its cluster and its names, and say what to do about each obstacle."""
