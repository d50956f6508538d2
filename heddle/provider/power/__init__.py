"""Power: an instance goes to sleep, and wakes."""
