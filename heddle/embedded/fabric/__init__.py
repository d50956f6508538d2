"""Stand in for orderers and peers: Fabric's wire protocols for machines that cannot have Fabric's images.

They speak real TLS, check identities and policies, cut and verify real blocks and refuse in Fabric's words,
so Heddle's code runs on them unchanged. They promise neither consensus safety nor durability, and are not for
use with anything that matters.
"""
