"""Run Pulumi programs without Pulumi's CLI, on the CLI's own state; knows no Fabric (DESIGN, decision 2).

The way of a run:
  `engine` opens project, stack and state → `program` executes `__main__.py` in a thread of its own → its SDK
  calls `monitor` → `deployment` turns registrations into steps and steps into provider calls → `journal`
  makes every pending operation durable before its provider call starts → `display` tells.
All state of a run belongs to one event loop; other threads only ever send coroutines to it.
"""
