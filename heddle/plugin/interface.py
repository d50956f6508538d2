"""Declare what a provider implements, in plain asynchronous Python.

Both callers, the gRPC server for Pulumi's CLI and the embedded engine, hold to the same promises:
- properties arrive with their Secret wrappers and, in previews only, with UNKNOWN inside;
- a resource is only ever changed by one call at a time; different resources run concurrently;
- `schema` and `check_config` may come before `configure`, everything else after it.

Source: proto/pulumi/provider.proto of pulumi/pulumi, 3.272.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Protocol

from heddle.errors import PluginError
from heddle.plugin.values import Properties

__all__ = [
    "CheckFailure",
    "CheckRequest",
    "CheckResult",
    "CreateRequest",
    "CreateResult",
    "DeleteRequest",
    "DiffKind",
    "DiffRequest",
    "DiffResult",
    "InvokeResult",
    "Log",
    "PartialFailure",
    "Provider",
    "ProviderFactory",
    "ReadRequest",
    "ReadResult",
    "Severity",
    "UpdateRequest",
    "UpdateResult",
]


class Severity(StrEnum):
    """How a message is shown; DEBUG only when asked for."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Log(Protocol):
    """Given to a provider at its start. Messages with a URN appear beneath their resource."""

    async def __call__(
        self, severity: Severity, message: str, urn: str = "", *, ephemeral: bool = False
    ) -> None:
        """Show a message; its first line is the summary. No secret may be in it.

        An `ephemeral` one says what goes on: it stands beside its resource until the next one takes its
        place, an empty one if it is over, and is kept nowhere.
        """


class DiffKind(Enum):
    """The kind of difference in a property. Values: proto PropertyDiff.Kind."""

    ADD = 0
    ADD_REPLACE = 1
    DELETE = 2
    DELETE_REPLACE = 3
    UPDATE = 4
    UPDATE_REPLACE = 5


@dataclass(frozen=True, kw_only=True)
class CheckFailure:
    """An input that cannot be used: `property` is its path (`batch.timeout`), `reason` has no full stop."""

    property: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class CheckRequest:
    """Inputs as the program gives them; `olds` are the last checked inputs, empty for a new resource."""

    urn: str
    type: str
    name: str
    olds: Properties
    news: Properties
    random_seed: bytes = b""


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """The inputs to store and act on (defaults filled in), or why they cannot be used."""

    inputs: Properties
    failures: tuple[CheckFailure, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DiffRequest:
    """Compare what is with checked new inputs. `old_outputs` is the last known state, inputs included."""

    urn: str
    type: str
    id: str
    old_inputs: Properties
    old_outputs: Properties
    news: Properties
    ignore_changes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DiffResult:
    """The differences between a resource and its new inputs.

    `changes` None lets the engine compare inputs itself. `replaces` names the properties that force a
    replacement. `detailed` maps property paths to what happens there; None when there is no such detail.
    """

    changes: bool | None
    replaces: tuple[str, ...] = ()
    detailed: dict[str, DiffKind] | None = None
    delete_before_replace: bool = False
    stables: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CreateRequest:
    """Create from checked inputs. `timeout` in seconds, 0 = the provider's own default."""

    urn: str
    type: str
    name: str
    inputs: Properties
    preview: bool = False
    timeout: float = 0


@dataclass(frozen=True, kw_only=True)
class CreateResult:
    """The new resource. In a preview `id` is empty and properties may hold UNKNOWN."""

    id: str
    properties: Properties


@dataclass(frozen=True, kw_only=True)
class ReadRequest:
    """Look at what really is. `inputs` and `properties` are the last known ones, empty on import."""

    urn: str
    type: str
    name: str
    id: str
    inputs: Properties
    properties: Properties


@dataclass(frozen=True, kw_only=True)
class ReadResult:
    """The state of a resource as it was read. An empty `id`: whoever holds it says that it is gone."""

    id: str
    inputs: Properties
    properties: Properties


@dataclass(frozen=True, kw_only=True)
class UpdateRequest:
    """Change a resource to checked new inputs. `timeout` in seconds, 0 = the provider's own default."""

    urn: str
    type: str
    name: str
    id: str
    old_inputs: Properties
    old_outputs: Properties
    news: Properties
    preview: bool = False
    timeout: float = 0
    ignore_changes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class UpdateResult:
    """The changed resource; in a preview properties may hold UNKNOWN."""

    properties: Properties


@dataclass(frozen=True, kw_only=True)
class DeleteRequest:
    """Delete a resource, or forget it. One that is already gone is success."""

    urn: str
    type: str
    name: str
    id: str
    old_inputs: Properties
    properties: Properties
    timeout: float = 0


@dataclass(frozen=True, kw_only=True)
class InvokeResult:
    """Answer of a provider function."""

    properties: Properties
    failures: tuple[CheckFailure, ...] = ()


class PartialFailure(PluginError):  # noqa: N818 - an outcome, not a broken protocol
    """Create, update or read did not finish, but something exists: it is saved, and the next run heals it.

    `properties` become the outputs; `inputs` are stored as the inputs (an update keeps the old ones).
    """

    def __init__(
        self,
        *,
        id: str,  # noqa: A002 - Pulumi's word
        properties: Properties,
        inputs: Properties,
        reasons: Sequence[str],
    ) -> None:
        super().__init__("; ".join(reasons) or "not all of the resource came up")
        self.id = id
        self.properties = properties
        self.inputs = inputs
        self.reasons = tuple(reasons)


class Provider(Protocol):
    """The provider of a package. A user's mistake is raised as a HeddleError: its text is shown, no trace."""

    async def schema(self) -> str:
        """Return the package's Pulumi schema, JSON."""

    async def check_config(self, urn: str, olds: Properties, news: Properties) -> CheckResult:
        """Check the provider's own configuration."""

    async def diff_config(self, urn: str, olds: Properties, news: Properties) -> DiffResult:
        """Say whether a changed configuration replaces the provider, and with it all its resources."""

    async def configure(self, inputs: Properties) -> None:
        """Take the checked configuration, once. It is never called while a part of it is UNKNOWN."""

    async def check(self, request: CheckRequest) -> CheckResult:
        """Validate inputs and fill in defaults. Touches nothing."""

    async def diff(self, request: DiffRequest) -> DiffResult:
        """Say what would change. Touches nothing."""

    async def create(self, request: CreateRequest) -> CreateResult:
        """Create a resource, idempotently: after a killed run the same create is sent again."""

    async def read(self, request: ReadRequest) -> ReadResult:
        """Read a resource's real state."""

    async def update(self, request: UpdateRequest) -> UpdateResult:
        """Change a resource in place."""

    async def delete(self, request: DeleteRequest) -> None:
        """Delete a resource, or forget it if its type says so."""

    async def invoke(self, token: str, args: Properties) -> InvokeResult:
        """Call a provider function."""

    async def cancel(self) -> None:
        """Give up what is under way as soon as its state can be told; running calls then fail."""

    async def close(self) -> None:
        """Let go of connections; no call follows."""


class ProviderFactory(Protocol):
    """Makes a provider of one package; called once per provider resource."""

    def __call__(self, log: Log) -> Provider:
        """Return a fresh, unconfigured provider."""
