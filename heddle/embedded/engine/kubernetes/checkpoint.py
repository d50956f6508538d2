"""Write an object into Pulumi's state, byte for byte as pulumi-kubernetes 4.28 writes it.

Outputs are the live object, and beside it `__inputs` (the checked inputs), `__initialApiVersion` and
`__fieldManager`. What was secret in the inputs is secret in both; a Secret's data always is.

Source: pulumi-kubernetes 4.28 provider/pkg/provider/provider.go checkpointObject, parseCheckpointObject,
annotateSecrets.
"""

from heddle.embedded.engine.kubernetes.objects import Json, from_properties
from heddle.plugin.values import Properties, Value, has_secret, secret

__all__ = ["LAST_APPLIED", "checkpoint", "initial_api_version", "parse", "with_secrets"]

_SECRET_FIELDS = ("data", "stringData")
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""Annotation in which `kubectl apply` keeps what it was given."""


def checkpoint(*, inputs: Json, live: Json, given: Properties, version: str, manager: str) -> Properties:
    """Return the outputs to store.

    Args:
        inputs: The checked inputs, stored as `__inputs`.
        live: The object as the API server answered it.
        given: The inputs with their secrets marked.
        version: The apiVersion that the object was created with.
        manager: Its field manager.
    """
    outputs = with_secrets(from_properties(live), given)
    if has_secret(outputs):
        # The whole manifest as text: whatever is secret is in there too.
        outputs = _marked_at(outputs, "metadata", "annotations", LAST_APPLIED)
    outputs["__inputs"] = with_secrets(from_properties(inputs), given)
    outputs["__initialApiVersion"] = version
    outputs["__fieldManager"] = manager
    return outputs


def parse(outputs: Properties) -> tuple[Json, Json]:
    """Return (inputs, live object) of stored outputs, in clear."""
    live = from_properties(outputs)
    inputs = live.pop("__inputs", {})
    return inputs, live


def initial_api_version(outputs: Properties, inputs: Json) -> str:
    """Return the apiVersion that the object was created with."""
    stored = outputs.get("__initialApiVersion")
    return stored if isinstance(stored, str) else str(inputs.get("apiVersion", ""))


def with_secrets(obj: Properties, given: Properties) -> Properties:
    """Return the object with everything secret that is secret in the given inputs.

    Maps are compared key by key; of a list with anything secret in it, all is secret.
    """
    if obj.get("kind") == "Secret":
        return {key: secret(value) if key in _SECRET_FIELDS else value for key, value in obj.items()}
    return {key: _marked(value, given[key]) if key in given else value for key, value in obj.items()}


def _marked_at(obj: Properties, key: str, *rest: str) -> Properties:
    """Return the object with what is at a path secret; the object itself when there is nothing."""
    if key not in obj:
        return obj
    value = obj[key]
    if not rest:
        return {**obj, key: secret(value)}
    return {**obj, key: _marked_at(value, *rest)} if isinstance(value, dict) else obj


def _marked(value: Value, given: Value) -> Value:
    if isinstance(value, dict) and isinstance(given, dict):
        return with_secrets(value, given)
    return secret(value) if has_secret(given) else value
