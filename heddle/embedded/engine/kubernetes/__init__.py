"""Provide `kubernetes:*` resources in the embedded engine, as pulumi-kubernetes 4.28 does."""

from heddle.embedded.engine.kubernetes.provider import create_provider

__all__ = ["create_provider"]
