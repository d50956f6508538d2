"""Fabric's files of a ledger on disk, written and read without Fabric: bytes in, bytes out; pure."""
