"""Rehearse incidents on a disposable stack: cause one, wait for its alarm, follow it, prove the recovery."""
