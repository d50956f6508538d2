"""Run runbooks: an inventory from a stack's outputs, ansible-runner, and what the playbooks' modules do.

The playbooks are in `playbooks/`; each verb has a page in `docs/operations/`. Everything acts from the
control machine, through the API server: node images have no Python (DESIGN, decision 18).
"""
