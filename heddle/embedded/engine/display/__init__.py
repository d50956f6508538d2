"""Show a run in Pulumi's words: a live tree on a terminal, plain lines elsewhere.

`rows` keeps what is known per resource, `lines` and `tree` show it as it changes, `summary` closes.
"""
