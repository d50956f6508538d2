"""Read what the program asks for: a registration in the SDK's message.

Source: proto/pulumi/resource.proto (RegisterResourceRequest) of pulumi/pulumi, 3.272.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi.runtime.proto import alias_pb2, resource_pb2

from heddle.durations import seconds
from heddle.errors import EngineError, NeedsCli
from heddle.plugin.codec import decode
from heddle.plugin.values import Properties
from heddle.state.urn import is_provider_type

__all__ = ["Alias", "Goal", "read_goal"]


@dataclass(frozen=True, kw_only=True)
class Alias:
    """Hold a former name: a whole URN, or what differs from now. `parent` None means the present one."""

    urn: str = ""
    name: str = ""
    type: str = ""
    stack: str = ""
    project: str = ""
    parent: str | None = None


@dataclass(frozen=True, kw_only=True)
class Goal:
    """Hold a resource as the program wants it.

    None means that the program does not say. Timeouts are seconds.
    """

    type: str
    name: str
    custom: bool
    inputs: Properties
    parent: str = ""
    protect: bool | None = None
    retain_on_delete: bool | None = None
    delete_before_replace: bool | None = None
    deleted_with: str = ""
    dependencies: tuple[str, ...] = ()
    property_dependencies: Mapping[str, tuple[str, ...]]
    provider: str = ""
    providers: Mapping[str, str]
    version: str = ""
    aliases: tuple[Alias, ...] = ()
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    additional_secret_outputs: tuple[str, ...] = ()
    custom_timeouts: Mapping[str, float]
    source_position: str = ""

    @property
    def is_provider(self) -> bool:
        """Tell whether this is a provider."""
        return is_provider_type(self.type)


def read_goal(request: resource_pb2.RegisterResourceRequest) -> Goal:
    """Read a registration. Raises NeedsCli when it asks for what only the CLI does."""
    _refuse(request)
    timeouts = request.customTimeouts
    verbs = {verb: _timeout(getattr(timeouts, verb)) for verb in ("create", "update", "delete", "read")}
    dbr = request.deleteBeforeReplace
    return Goal(
        type=request.type,
        name=request.name,
        custom=request.custom,
        inputs=decode(request.object),
        parent=request.parent,
        protect=request.protect if request.HasField("protect") else None,
        retain_on_delete=request.retainOnDelete if request.HasField("retainOnDelete") else None,
        delete_before_replace=dbr if dbr or request.deleteBeforeReplaceDefined else None,
        deleted_with=request.deletedWith,
        dependencies=tuple(request.dependencies),
        property_dependencies={key: tuple(value.urns) for key, value in request.propertyDependencies.items()},
        provider=request.provider,
        providers=dict(request.providers),
        version=request.version,
        aliases=(*map(_alias, request.aliases), *(Alias(urn=urn) for urn in request.aliasURNs)),
        ignore_changes=tuple(request.ignoreChanges),
        replace_on_changes=tuple(request.replaceOnChanges),
        additional_secret_outputs=tuple(request.additionalSecretOutputs),
        custom_timeouts={verb: value for verb, value in verbs.items() if value},
        source_position=_position(request.sourcePosition.uri, request.sourcePosition.line),
    )


def _refuse(request: resource_pb2.RegisterResourceRequest) -> None:
    """Raise NeedsCli for the first thing that this engine does not do."""
    hooks = request.hooks
    unsupported = {
        "a remote component": request.remote,
        "`import_`": request.importId,
        "`transforms`": request.transforms,
        "`replace_with`": request.replace_with,
        "`replacement_trigger`": request.HasField("replacement_trigger"),
        "`hooks`": any(getattr(hooks, item.name) for item in hooks.DESCRIPTOR.fields),
        "`hide_diffs`": request.hideDiffs,
        "`plugin_download_url`": request.pluginDownloadURL,
        "a parameterized provider": request.packageRef,
        "`env_var_mappings`": request.envVarMappings,
        "a state migration": request.state_migrations,
    }
    for what, asked in unsupported.items():
        if asked:
            raise NeedsCli(
                f"{request.type} {request.name!r} uses {what}: this needs the CLI",
                hint="Use `pulumi` for this program, or do without it.",
            )


def _alias(alias: alias_pb2.Alias) -> Alias:
    """Read an alias; an empty parent means the same as none given, `noParent` a resource that had none."""
    if alias.WhichOneof("alias") == "urn":
        return Alias(urn=alias.urn)
    spec = alias.spec
    parent = "" if spec.noParent else spec.parentUrn or None
    return Alias(name=spec.name, type=spec.type, stack=spec.stack, project=spec.project, parent=parent)


def _position(uri: str, line: int) -> str:
    """Return where in the program the resource is declared, as the CLI stores it."""
    return f"{uri}#{line}" if uri and line else uri


def _timeout(duration: str) -> float:
    """Return a custom timeout in seconds, 0 for none. Raises EngineError for what is no duration."""
    try:
        return seconds(duration) if duration else 0.0
    except ValueError as error:
        raise EngineError(f"{duration!r} is not a duration; write it like 1h30m or 90s") from error
