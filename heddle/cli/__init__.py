"""Read the arguments of the `heddle` command, call the room below that does the work, print its result."""
