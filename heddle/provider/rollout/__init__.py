"""Rollout: outdated pods restart one at a time (DESIGN, decision 6)."""

from heddle.provider.rollout.handler import RolloutHandler

__all__ = ["RolloutHandler"]
