"""Channel: genesis, membership and configuration updates, by one writer (DESIGN, decision 5)."""
