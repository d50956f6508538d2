"""Make what Jobs have in common that use folders of a Kubernetes node: image, name, patterns. Pure."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from heddle.kube.jobs import LONGEST_NAME

__all__ = ["NODE", "image_on", "job_name", "literal"]

NODE = "/node"
"""Where a Job has the folders of the node."""


def image_on(node: Mapping[str, Any], wanted: Sequence[str]) -> str:
    """Return the first of these images that a node has already, or the first when it has none of them."""
    images = node.get("status", {}).get("images") or []
    present = {name for image in images for name in image.get("names") or []}
    return next((name for name in wanted if name in present), wanted[0])


def literal(path: str) -> str:
    """Return a pattern of `find` that only this path matches."""
    return re.sub(r"([\\*?\[])", r"\\\1", path)


def job_name(purpose: str, date: str, node: str) -> str:
    """Return a name unlike that of any other node's Job: clouds give long names that begin alike."""
    name = f"{purpose}-{date}-{node}"
    if len(name) <= LONGEST_NAME:
        return name
    return f"{purpose}-{date}-{hashlib.sha256(node.encode()).hexdigest()[:12]}"
