"""The `heddle` command: one file per group of verbs, and nothing below it imports it."""
