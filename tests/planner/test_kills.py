"""However often a run is killed and the stack file edited, the consenters become the wanted ones."""

from dataclasses import replace
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from heddle.configtx.own import own_consenters
from heddle.configtx.settings import ChannelSettings, Consenter, OrdererOrganization
from heddle.identity.authority import Authority, new_authority
from heddle.identity.certificate import CertificateRequest, Usage, issue
from heddle.identity.msp import Msp
from heddle.planner.channel import planned_steps

OURS, THEIRS = (new_authority(common_name=name, organization=name) for name in ("ours", "theirs"))
MEMBERS = st.dictionaries(st.integers(1, 6), st.integers(0, 1), min_size=1, max_size=5)
"""Indices of nodes, each with the number of its key."""


@cache
def _consenter(number: int, key: int, authority: Authority = OURS) -> Consenter:
    host = f"orderer{number}"
    request = CertificateRequest(common_name=f"{host}-{key}", hosts=(host,), usage=Usage.TLS)
    pem = issue(authority, request).certificate
    return Consenter(host=host, port=7050, client_tls_certificate=pem, server_tls_certificate=pem)


NEIGHBOUR = _consenter(9, 0, THEIRS)


def _organization(authority: Authority, *endpoints: str) -> OrdererOrganization:
    name = "Ours" if authority is OURS else "Theirs"
    roots = (authority.certificate,)
    return OrdererOrganization(
        name=name,
        msp=Msp(msp_id=name, root_certificates=roots, tls_root_certificates=roots),
        endpoints=endpoints,
    )


def _settings(members: dict[int, int]) -> ChannelSettings:
    endpoints = [f"orderer{number}:7050" for number in members]
    return ChannelSettings(
        channel="channel",
        orderer_organizations=(_organization(OURS, *endpoints), _organization(THEIRS, NEIGHBOUR.address)),
        peer_organizations=(),
        consenters=tuple(_consenter(number, key) for number, key in members.items()),
    )


@settings(max_examples=100)
@given(MEMBERS, st.lists(st.tuples(MEMBERS, st.integers(0, 5)), max_size=4), MEMBERS)
def test_after_any_kills_and_edits_the_consenters_are_the_wanted_ones(
    before: dict[int, int], runs: list[tuple[dict[int, int], int]], last: dict[int, int]
) -> None:
    """A killed run saves nothing, so what it has done looks like others' doing; the neighbour's node stays.

    The state still says what was applied before the first of them.
    """
    applied = _settings(before)
    live = replace(applied, consenters=(*applied.consenters, NEIGHBOUR))
    for wanted, taken in [*runs, (last, 99)]:
        own = own_consenters({"Ours"}, live, _settings(wanted), applied)
        for step in planned_steps(live, _settings(wanted), applied, own=own)[:taken]:
            live = step.settings
    assert set(live.consenters) == {*_settings(last).consenters, NEIGHBOUR}
    endpoints = {each.name: set(each.endpoints) for each in live.orderer_organizations}
    assert endpoints == {"Ours": {f"orderer{number}:7050" for number in last}, "Theirs": {NEIGHBOUR.address}}
