"""The stand-in peer."""
