"""The incidents that can be rehearsed: one file for each kind of damage."""
