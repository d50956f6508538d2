"""Name the errors of reading a foreign message: protobuf's DecodeError is no ValueError."""

from google.protobuf.message import DecodeError

__all__ = ["MALFORMED"]

MALFORMED = (DecodeError, ValueError)
