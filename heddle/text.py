"""Text that others wrote (a node, an API server, a kubelet), made safe to print."""

__all__ = ["printable", "without_controls"]

_LONGEST = 2000
"""Characters of a node's words in a message. A chaincode's error with its cause is a few hundred."""


def printable(words: str) -> str:
    """Return words cut to the length of a message, without signs that move or colour a terminal's text."""
    return without_controls(
        words if len(words) <= _LONGEST else f"{words[:_LONGEST]}… ({len(words)} characters)"
    )


def without_controls(text: str) -> str:
    """Return text without signs that move or colour a terminal's text, whatever its length."""
    return "".join(
        sign if sign.isprintable() or sign in "\n\t" else "\N{REPLACEMENT CHARACTER}" for sign in text
    )
