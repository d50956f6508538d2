"""List the certificates that a stack's output and a channel's configuration hold, with what each is for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from heddle.configtx.settings import ChannelSettings
from heddle.identity.keys import certificates_in
from heddle.identity.msp import Msp
from heddle.network.instance import InstanceOutput, NodeOutput, OrganizationOutput
from heddle.network.purposes import (
    ADMIN,
    ADMIN_ENDPOINTS,
    AUTHORITY,
    ENROLMENT,
    EXTERNAL_ROOT,
    EXTERNAL_TLS_ROOT,
    OPERATIONS,
    OPERATIONS_AUTHORITY,
    SERVER,
    TLS,
    TLS_AUTHORITY,
    USER,
    Purpose,
)

__all__ = ["TLS_WORDS", "Registered", "of_channel", "of_instance", "of_msp", "of_node"]

TLS_WORDS: Final = "its TLS certificate"


@dataclass(frozen=True, kw_only=True)
class Registered:
    """Hold a registered certificate, PEM: whose it is and what for; `what` names it in a sentence."""

    whose: str
    purpose: Purpose
    pem: str
    what: str


def of_node(node: NodeOutput) -> Iterator[Registered]:
    """Return what was issued last to a node, as far as the output knows it."""
    if node.tls_certificate:
        yield Registered(whose=node.name, purpose=TLS, pem=node.tls_certificate, what=TLS_WORDS)
    if node.identity_certificate:
        pem, words = node.identity_certificate, "its enrolment certificate"
        yield Registered(whose=node.name, purpose=ENROLMENT, pem=pem, what=words)


def of_instance(instance: InstanceOutput) -> Iterator[Registered]:
    """Return the authorities and clients of an instance and its chaincodes' servers; nodes have `of_node`."""
    for name, organization in instance.organizations.items():
        yield from _of_organization(name, organization)
    for name, chaincode in instance.chaincodes.items():
        for organization_name, pem in (chaincode.server_certificates or {}).items():
            holder = f"{name}@{organization_name}"
            words = f"the TLS certificate of the chaincode {holder}"
            yield Registered(whose=holder, purpose=SERVER, pem=pem, what=words)
    yield Registered(
        whose=instance.name,
        purpose=ADMIN_ENDPOINTS,
        pem=instance.admin_tls_certificate,
        what="the client certificate for the orderers' admin endpoints",
    )
    for purpose, found, words in (
        (
            OPERATIONS,
            instance.operations_tls_certificate,
            "the client certificate for the operations endpoints",
        ),
        (
            OPERATIONS_AUTHORITY,
            instance.operations_ca_certificate,
            "the authority of the operations endpoints",
        ),
    ):
        if found:
            yield Registered(whose=instance.name, purpose=purpose, pem=found, what=words)


def of_channel(settings: ChannelSettings) -> Iterator[tuple[str, Registered]]:
    """Return the roots and intermediates of the members of a channel, each with its member's MSP id."""
    msps = [each.msp for each in settings.orderer_organizations]
    msps += [each.msp for each in settings.peer_organizations]
    for msp in {each.msp_id: each for each in msps}.values():
        yield from ((msp.msp_id, each) for each in of_msp(msp))


def of_msp(msp: Msp) -> Iterator[Registered]:
    """Return the roots and intermediates of a member of a channel, under its MSP id."""
    for purpose, kind, pems in (
        (EXTERNAL_ROOT, "a root", msp.root_certificates),
        (EXTERNAL_ROOT, "an intermediate authority", msp.intermediate_certificates),
        (EXTERNAL_TLS_ROOT, "a TLS root", msp.tls_root_certificates),
        (EXTERNAL_TLS_ROOT, "an intermediate TLS authority", msp.tls_intermediate_certificates),
    ):
        for pem in pems:
            text, words = pem.decode(errors="replace"), f"{kind} of {msp.msp_id}"
            yield Registered(whose=msp.msp_id, purpose=purpose, pem=text, what=words)


def _of_organization(name: str, organization: OrganizationOutput) -> Iterator[Registered]:
    managed = bool(organization.users)
    for purpose, kind, text in (
        (AUTHORITY if managed else EXTERNAL_ROOT, "authority", organization.ca_certificate),
        (TLS_AUTHORITY if managed else EXTERNAL_TLS_ROOT, "TLS authority", organization.tls_ca_certificate),
    ):
        # Several while they are exchanged, or where an external organization has several.
        for pem in certificates_in(text) or [text]:
            yield Registered(whose=name, purpose=purpose, pem=pem, what=f"the {kind} of {name}")
    for user, pem in organization.users.items():
        purpose, words = ADMIN if user == "admin" else USER, f"the certificate of {user} of {name}"
        yield Registered(whose=f"{user}@{name}", purpose=purpose, pem=pem, what=words)
