"""After clean-residue: what was left of the deleted instance is gone, what lives has its data."""

import asyncio
import os
from typing import Any

import pytest
from testinfra.host import Host

from heddle.kube.client import Json, KubeClient

_CORE = "/api/v1"


@pytest.fixture(scope="module")
def cluster() -> dict[str, list[Json]]:
    """Return the cluster's objects as they are now, by kind."""

    async def ask() -> dict[str, list[Json]]:
        async with await KubeClient.open(os.environ["K8S_AUTH_KUBECONFIG"]) as opened:
            names = ("namespaces", "persistentvolumes", "persistentvolumeclaims")
            return dict(zip(names, await opened.lists(*(f"{_CORE}/{name}" for name in names)), strict=True))

    return asyncio.run(ask())


def names(objects: list[Json]) -> set[str]:
    """Return the names of the objects."""
    return {one["metadata"]["name"] for one in objects}


def test_volumes_are_gone(cluster: dict[str, list[Json]], about: dict[str, Any]) -> None:
    """No volume of the deleted instance is left."""
    assert not names(cluster["persistentvolumes"]) & set(about["plan"].get("volumes", []))


def test_namespaces_are_gone(cluster: dict[str, list[Json]], about: dict[str, Any]) -> None:
    """The instance's own namespaces are gone, and that of the Jobs on nodes."""
    planned = {one["name"] for one in about["plan"].get("objects", []) if one["kind"] == "Namespace"}
    assert not names(cluster["namespaces"]) & {*planned, "heddle-clean-residue"}


def test_folders_are_gone(host: Host, about: dict[str, Any]) -> None:
    """The instance's folders are gone, as far as this machine is the node."""
    paths = [path for each in about["plan"].get("directories", {}).values() for path in each]
    assert [path for path in paths if host.file(path).exists] == []


def test_living_data_is_there(cluster: dict[str, list[Json]], about: dict[str, Any]) -> None:
    """Every volume and claim of what lives is still there."""
    claims = {
        f"{one['metadata']['namespace']}/{one['metadata']['name']}"
        for one in cluster["persistentvolumeclaims"]
    }
    assert set(about["living"].get("volumes", [])) <= names(cluster["persistentvolumes"])
    assert set(about["living"].get("claims", [])) <= claims
