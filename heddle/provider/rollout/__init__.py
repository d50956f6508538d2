"""Rollout: outdated pods restart one at a time (DESIGN, decision 6)."""
