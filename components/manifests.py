"""Write Kubernetes objects as manifests: camelCase, as Kubernetes documents them and as `kubectl` shows them.

The SDK's argument classes would say the same in twice the lines, and mypy needs seconds for each of them.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

import pulumi

Manifest: TypeAlias = Any
"""A mapping as in a Kubernetes manifest; values may be Outputs."""


def metadata(
    name: pulumi.Input[str],
    namespace: str,
    labels: Mapping[str, Any],
    annotations: Mapping[str, str] | None = None,
) -> Manifest:
    """Return an object's metadata. Names are always given: nothing here has a name that Pulumi made up."""
    named = {"name": name, "namespace": namespace, "labels": dict(labels)}
    return {**named, "annotations": dict(annotations)} if annotations else named
