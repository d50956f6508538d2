"""Know a running network: the stack's output as a typed object, and the facts asked of its nodes."""
