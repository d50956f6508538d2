# ruff: noqa: N818 - NeedsCli, Refused and their like are outcomes, not mistakes
"""Define the errors that Heddle raises on purpose.

HeddleError
├── SpecError            a stack file that cannot be used; lists every problem
├── IdentityError        a key, certificate or MSP that is not what it should be
├── ConfigtxError        channel configuration, blocks and their signatures
│   ├── NoDifference     two configurations are equal, there is nothing to update
│   └── NotBelieved      what orderers say of a channel's configuration does not hold
├── FabricError          a running node refused, or cannot be reached
│   ├── Unreachable      no answer: nothing is known of the node's state
│   └── Refused          the node's own answer, in Fabric's words
│       ├── PlainHttp      it speaks plain HTTP where TLS was expected
│       └── LedgerNotOpen  it has a ledger of the channel, but could not open it
├── KubeError            a kubeconfig that cannot be used, or an API server that refused
│   └── Forbidden        the caller has no right to what was asked
├── ProviderError        a resource that cannot be created, changed or deleted as asked
├── PluginError          Pulumi's provider protocol was not followed
├── EngineError          state, lock, passphrase, program
│   └── NeedsCli         valid Pulumi, but only Pulumi's CLI does it
├── LocalKubeError       the local cluster: a missing part, a failed start
├── ImageError           an image that cannot be packed or loaded
├── RunbookError         an incident's playbook cannot run, is refused, or failed
├── DrillError           an incident that must not be, or cannot be, rehearsed here
└── BackupError          a backup that cannot be made, read or believed
"""

__all__ = [
    "BackupError",
    "ConfigtxError",
    "DrillError",
    "EngineError",
    "FabricError",
    "Forbidden",
    "HeddleError",
    "IdentityError",
    "ImageError",
    "KubeError",
    "LedgerNotOpen",
    "LocalKubeError",
    "NeedsCli",
    "NoDifference",
    "NotBelieved",
    "PlainHttp",
    "PluginError",
    "ProviderError",
    "Refused",
    "RunbookError",
    "SpecError",
    "Unreachable",
]


class HeddleError(Exception):
    """A failure that a user can act on.

    The message names the thing, what was expected and what was found; `hint` is the next step.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


class SpecError(HeddleError):
    """A stack file that cannot be used. The message lists every problem, not the first."""


class IdentityError(HeddleError):
    """A key, certificate or MSP that is not what it should be."""


class ConfigtxError(HeddleError):
    """Channel configuration, a block or a signature that is not valid."""


class NoDifference(ConfigtxError):
    """Two configurations are equal, so there is no update."""


class NotBelieved(ConfigtxError):
    """What orderers say of a channel's configuration does not hold, and no other answer was to be had.

    `silent`: others did not answer. `leaderless`: others have no leader, and answer once they have.
    """

    def __init__(self, message: str, *, silent: bool, leaderless: bool, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.silent = silent
        self.leaderless = leaderless


class FabricError(HeddleError):
    """A call to a running node that did not succeed."""


class Unreachable(FabricError):
    """No answer of a node or an API server within the deadline: nothing is known of its state.

    `cause` is what broke the way to it, in a few words. `late`: nothing broke, the time was over.
    """

    def __init__(self, message: str, *, cause: str = "", hint: str = "", late: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.cause = cause
        self.late = late


class Refused(FabricError):
    """The node answered no. `status` is its status (HTTP, Fabric or gRPC), `words` its own text."""

    def __init__(self, message: str, *, status: int = 0, words: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.words = words


class PlainHttp(Refused):
    """The endpoint speaks plain HTTP where TLS was expected: whoever answers has not proved who it is."""


class LedgerNotOpen(Refused):
    """The node has the channel's ledger, but could not open it: it neither serves nor joins the channel."""


class KubeError(HeddleError):
    """A kubeconfig that cannot be used, or a call that the API server refused."""


class Forbidden(KubeError):
    """A call that the caller has no right to, as the API server says."""


class ProviderError(HeddleError):
    """A resource that cannot be created, changed or deleted as asked."""


class PluginError(HeddleError):
    """A message that does not follow Pulumi's provider protocol."""


class EngineError(HeddleError):
    """State, lock, passphrase or program: the embedded engine cannot go on."""


class NeedsCli(EngineError):
    """Valid Pulumi that the embedded engine does not do; Pulumi's CLI does."""


class LocalKubeError(HeddleError):
    """The local cluster lacks a part, or did not start."""


class ImageError(HeddleError):
    """An image that cannot be packed or loaded."""


class RunbookError(HeddleError):
    """A runbook that cannot run, refuses to act, or failed."""


class DrillError(HeddleError):
    """An incident that must not be rehearsed here, or cannot be."""


class BackupError(HeddleError):
    """A backup that cannot be made, read or believed."""
