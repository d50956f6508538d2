"""Review a signable request: what it would do to a channel, and whose signatures it has and lacks."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from fabric_protos.common import configtx_pb2

from heddle.configtx.changes import ElementChange, element_changes
from heddle.configtx.elements import element_map, group_of
from heddle.configtx.policies import Identity, MissingSignatures, valid_identities
from heddle.configtx.read import differences, settings_of
from heddle.configtx.request import Request, printable, signature_of, update_of
from heddle.configtx.validate import changed_elements, missing_signatures, required_policies, signed_data
from heddle.configtx.weaker import weakenings
from heddle.errors import ConfigtxError, HeddleError

__all__ = ["Review", "expect_signed", "review", "review_update", "signers_of", "still_missing"]


@dataclass(frozen=True, kw_only=True)
class Review:
    """Describe what an update would do to a configuration, computed and not believed.

    `weaker` is what needs fewer consents or trusts more than before, or may; `lines` say what changes of the
    settings; `changes` are all elements of the tree that change, whole; `elements` are the changed ones by
    the policy that must consent, and those that are "new" or "gone".
    """

    weaker: tuple[str, ...]
    lines: tuple[str, ...]
    changes: tuple[ElementChange, ...]
    elements: Mapping[str, Sequence[str]]

    def text(self) -> list[str]:
        """Return the review in lines for people: `weaker` first; what belongs to a line stands indented."""
        result = [*self.weaker] or ["nothing gets weaker, as far as Heddle can tell"]
        result += ["", *self.lines] if self.lines else []
        for change in self.changes:
            result += ["", *change.text()]
        policies = {policy: keys for policy, keys in self.elements.items() if policy.startswith("/")}
        result += ["", *(f"needs {policy} for {', '.join(keys)}" for policy, keys in policies.items())]
        return [printable(line) for line in result]


def signers_of(request: Request, config: configtx_pb2.Config) -> list[Identity]:
    """Return the members of the channel whose signatures hold. Raises ConfigtxError."""
    signed = signed_data(request.update, map(signature_of, request.signatures))
    return valid_identities(config.channel_group, signed)


def still_missing(request: Request, config: configtx_pb2.Config) -> dict[str, MissingSignatures]:
    """Return what each policy still lacks, by the policy's path; empty if the request can be submitted.

    Args:
        request: with what was collected so far.
        config: the channel's configuration now.

    Raises:
        ConfigtxError: the configuration has changed so that the update does not fit any more.
    """
    with _fits(request, config):
        return missing_signatures(config, update_of(request.update), signers_of(request, config))


def expect_signed(request: Request, config: configtx_pb2.Config) -> None:
    """Raise ConfigtxError unless the request has all signatures that it needs."""
    missing = still_missing(request, config)
    if missing:
        lines = "\n  ".join(f"{policy}: MISSING {signatures}" for policy, signatures in missing.items())
        raise ConfigtxError(
            f"channel {request.channel}: signatures are missing\n  {lines}", hint="Nothing was sent."
        )


def review(request: Request, config: configtx_pb2.Config) -> Review:
    """Compute what the update does to the channel's configuration as it is now.

    Raises:
        ConfigtxError: as `still_missing`.
    """
    with _fits(request, config):
        return review_update(update_of(request.update), config)


def review_update(update: configtx_pb2.ConfigUpdate, config: configtx_pb2.Config) -> Review:
    """Compute what an update does to a configuration. Raises ConfigtxError if it does not fit it."""
    existing = element_map(config.channel_group)
    changed = changed_elements(config, update)
    after = configtx_pb2.Config(sequence=config.sequence + 1, channel_group=group_of({**existing, **changed}))
    left = element_map(after.channel_group)
    elements = {
        "new": sorted(key for key in changed if key not in existing),
        "gone": sorted(key for key in existing if key not in left),
        **required_policies(config, update),
    }
    return Review(
        weaker=weakenings(config, after),
        lines=_settings_lines(config, after),
        changes=element_changes(config.channel_group, after.channel_group),
        elements={key: places for key, places in elements.items() if places},
    )


def _settings_lines(before: configtx_pb2.Config, after: configtx_pb2.Config) -> tuple[str, ...]:
    try:
        lines = differences(settings_of(before), settings_of(after))
    except HeddleError as error:
        lines = [f"the configuration after it cannot be read: {error.message}"]
    return tuple(map(printable, lines))


@contextmanager
def _fits(request: Request, config: configtx_pb2.Config) -> Iterator[None]:
    """Tell of an update that does not fit any more which configuration it was made for."""
    try:
        yield
    except ConfigtxError as error:
        if request.sequence == config.sequence:
            raise
        raise ConfigtxError(
            f"channel {request.channel}: the request was made for configuration {request.sequence}, "
            f"now it is {config.sequence}, and it does not fit: {error.message}",
            hint="Make the request anew; what was signed so far is void.",
        ) from error
