"""Hold the sample chaincode. It is no stand-in: it runs unchanged on upstream's peers."""
