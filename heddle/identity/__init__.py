"""Make and read keys, certificates and MSPs: pure cryptography, no I/O.

Import from the modules: `keys`, `authority`, `certificate`, `expiry`, `msp`, `signer`.
"""
