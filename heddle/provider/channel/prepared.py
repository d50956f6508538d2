"""Prepare a step on a channel: the update, whose consent it needs, and the request for what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fabric_protos.common.configtx_pb2 import ConfigUpdate

from heddle.configtx.delta import compute_update
from heddle.configtx.edit import apply_settings
from heddle.configtx.policies import MissingSignatures
from heddle.configtx.request import new_request, sign_request
from heddle.configtx.review import Review, review_update
from heddle.configtx.validate import missing_signatures, required_policies
from heddle.errors import ProviderError
from heddle.planner.steps import Step
from heddle.provider.channel.client import ChannelClient, LiveConfig

__all__ = ["MissingSignaturesError", "Prepared", "prepare", "prepare_all"]


@dataclass(frozen=True, kw_only=True)
class Consent:
    """Name a policy that an update must satisfy. `missing` is None when the signers at hand satisfy it."""

    policy: str
    missing: MissingSignatures | None

    def __str__(self) -> str:
        state = "signed" if self.missing is None else f"MISSING {self.missing}"
        return f"{self.policy}: {state}"


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Hold a step as an update of the live configuration, and whose consent it needs.

    `review` is what others read before they sign it.
    """

    update: ConfigUpdate
    consents: tuple[Consent, ...]
    review: Review

    @property
    def missing(self) -> tuple[Consent, ...]:
        """Return the policies that the signers at hand do not satisfy."""
        return tuple(consent for consent in self.consents if consent.missing is not None)


def prepare(client: ChannelClient, live: LiveConfig, step: Step) -> Prepared:
    """Compute the update and its consents."""
    edited = apply_settings(live.config, step.settings, None)
    update = compute_update(client.channel, live.config, edited)
    needs = missing_signatures(live.config, update, client.signers)
    policies = required_policies(live.config, update)
    consents = tuple(Consent(policy=path, missing=needs.get(path)) for path in policies)
    return Prepared(update=update, consents=consents, review=review_update(update, live.config))


def prepare_all(client: ChannelClient, live: LiveConfig, todo: Sequence[Step]) -> list[Prepared]:
    """Compute all updates with their consents, each as if those before it were in force."""
    result = []
    for step in todo:
        result.append(prepare(client, live, step))
        edited = apply_settings(live.config, step.settings, None)
        live = replace(live, config=edited, settings=step.settings)
    return result


class MissingSignaturesError(ProviderError):
    """Refuse a step that the signers here cannot sign alone; `request` goes to the others, signed so far."""

    def __init__(self, client: ChannelClient, live: LiveConfig, step: Step, prepared: Prepared) -> None:
        have = ", ".join(signer.msp_id for signer in client.signers)
        lines = "\n  ".join(str(consent) for consent in prepared.missing)
        super().__init__(
            f"channel {client.channel}: {step}: signatures are missing\n  {lines}\n  signers here: {have}",
            hint="Nothing of it was sent. Add an administrator of each to `signers`; where they are others' "
            f"own: `heddle channel request STACK {client.channel} --out FILE`, have them sign FILE with "
            "`heddle channel sign`, hand it in with `heddle channel submit`, then run this again.",
        )
        # The same bytes in every run: signatures that were collected for them hold for no others.
        content = prepared.update.SerializeToString(deterministic=True)
        request = new_request(content, live.config, summary=step.changes)
        for signer in client.signers:
            request = sign_request(request, signer)
        self.request = request
