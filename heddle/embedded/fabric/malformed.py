"""What reading a foreign message raises: protobuf's DecodeError is no ValueError, text and numbers are."""

from google.protobuf.message import DecodeError

__all__ = ["MALFORMED"]

MALFORMED = (DecodeError, ValueError)
