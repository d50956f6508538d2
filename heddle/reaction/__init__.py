"""React to alarms without a person: look, show the runbook's plan, act where the owner said so."""
