"""Write and read Fabric's files of a ledger on disk, without Fabric: bytes in, bytes out; pure."""
