"""Stand in for Fabric's peer."""
