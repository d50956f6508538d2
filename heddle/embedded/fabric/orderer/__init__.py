"""Stand in for Fabric's ordering node."""
