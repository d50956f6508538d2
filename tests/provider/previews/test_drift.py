"""Refresh finds what others did to the ledger, and the next preview says what would become of it."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from heddle.fabric.node import ClientTls
from heddle.identity.certificate import CertificateRequest, Usage, issue
from heddle.plugin.values import strip_secrets
from tests.contract.standins import prepared_standins
from tests.programs import here, path_of
from tests.provider.previews.cluster import ReadyCluster
from tests.provider.previews.engines import Project
from tests.provider.previews.others import Others, OwnOthers
from tests.provider.previews.recorded import expect_recorded, told
from tests.provider.previews.world import Wanted, base
from tests.real.network import Organization, RealNetwork

__all__ = ["project"]


@pytest.fixture
def network(tmp_path: Path) -> Iterator[RealNetwork]:
    network = prepared_standins(tmp_path / "network", orderers=4, peers={"alpha": 2, "beta": 1, "gamma": 1})
    network.start()
    yield network
    network.stop()


@pytest.fixture
def others(network: RealNetwork) -> Others:
    return OwnOthers(network)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A project with its state; `pulumi` finds its stack where it is there."""
    with ReadyCluster() as cluster:
        project = Project(tmp_path / "project", cluster.kubeconfig)
        for name, value in project.environment.items():
            monkeypatch.setenv(name, value)
        if path_of("pulumi"):
            project.initialize()
        yield project


@pytest.fixture
def official(request: pytest.FixtureRequest) -> bool:
    """Whether Pulumi's CLI looks too."""
    return here("pulumi", request.node)


async def test_drift(network: RealNetwork, project: Project, others: Others, official: bool) -> None:
    """A batch, a definition and a peer that left: found one after the other, by each engine that is here."""
    wanted = base(network)
    project.want(wanted.declared())
    await project.up()

    await others.change_batch(77)
    await _found("drift_batch", network, project, official=official)
    await project.up()  # what was wanted is put back, knowingly
    assert told(await project.refresh(preview=True), network)["steps"] == {}

    await others.commit(_package_id(project))
    await _found("drift_definition", network, project, official=official)
    wanted.everywhere(version="2.0", sequence=2)
    project.want(wanted.declared())
    await project.up()  # what is in force is written down: there is nothing to send
    assert told(await project.preview(), network)["steps"] == {}

    await others.leave(network.peers[1])
    await _found("drift_membership", network, project, official=official)
    await project.up()
    assert told(await project.preview(), network)["steps"] == {}


async def test_renewed_credentials_are_no_drift(
    network: RealNetwork, project: Project, official: bool
) -> None:
    """Right after an `up` with renewed identities of all kinds, a refresh shows nothing, by any engine."""
    project.want(base(network).declared())
    await project.up()
    _renew_credentials(network)
    project.want(base(network).declared())
    assert told(await project.preview(), network)["steps"] == {}
    await project.up()
    assert told(await project.refresh(preview=True), network) == NOTHING
    if official:
        done = project.pulumi("refresh", "--preview-only", "--expect-no-changes")
        assert done.returncode == 0, done.stdout + done.stderr
    assert told(await project.refresh(), network) == NOTHING


async def test_a_lost_ledger_shows_at_once(network: RealNetwork, project: Project, official: bool) -> None:
    """The first refresh after it says which orderer lost the channel, and that the channel drifted."""
    project.want(base(network).declared())
    await project.up()
    lost = network.orderers[2]
    network.programs[lost.name].stop()
    for part in ("ledger", "wal", "snap"):
        shutil.rmtree(network.folder / lost.name / part, ignore_errors=True)
    network.start()
    await _found("drift_ledger", network, project, official=official)


NOTHING = {"failed": False, "steps": {}, "messages": {}}


def _renew_credentials(network: RealNetwork) -> None:
    """New certificates for every identity that asks: administrators, and the one of admin endpoints."""
    network.ordering = _renewed(network.ordering)
    for name, organization in network.organizations.items():
        network.organizations[name] = _renewed(organization)
    tls = network.ordering.tls("admin")
    network.admin_tls = ClientTls(certificate=tls.certificate, private_key=tls.private_key)


def _renewed(organization: Organization) -> Organization:
    request = CertificateRequest(
        common_name=f"admin@{organization.name}",
        organization=organization.name,
        organizational_units=("admin",),
        usage=Usage.IDENTITY,
    )
    issued = issue(organization.authority, request, private_key=organization.admin.private_key)
    return replace(organization, admin=replace(organization.admin, certificate=issued.certificate))


async def _found(name: str, network: RealNetwork, project: Project, *, official: bool) -> None:
    """What a refresh would find and does find, and what the next `up` would do: as recorded."""
    looked = told(await project.refresh(preview=True), network)
    if official:
        refreshed = told(project.official("refresh", "--preview-only"), network)
        assert refreshed["messages"] == looked["messages"]
    assert told(await project.refresh(), network) == looked
    next_up = told(await project.preview(), network)
    expect_recorded(name, {"refresh": looked, "preview": next_up})
    if official:
        expect_recorded(name, {"refresh": looked, "preview": told(project.official(), network)})


def _package_id(project: Project) -> str:
    state = json.loads((project.folder / "state/.pulumi/stacks/previews/dev.json").read_text())
    resources: list[dict[str, Any]] = state["checkpoint"]["latest"]["resources"]
    (package,) = (one for one in resources if one["type"] == "heddle:chaincode:ChaincodePackage")
    return str(strip_secrets(package["outputs"]["packageId"]))


def test_the_base_is_what_the_cases_change(network: RealNetwork) -> None:
    """A case that edits its copy leaves the base as it was."""
    first = base(network)
    second = first.copy()
    second.inputs("channel")["batch"] = {}
    assert isinstance(second, Wanted)
    assert first.inputs("channel")["batch"] == {"timeout": "200ms"}
