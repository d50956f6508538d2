"""What Heddle uses of the chaincode shim, which ships no types. Written by hand."""
