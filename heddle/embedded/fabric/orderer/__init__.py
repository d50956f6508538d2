"""The stand-in orderer."""
