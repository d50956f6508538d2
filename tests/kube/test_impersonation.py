"""Kubeconfigs whose user acts as another one, as `kubectl --as` does: by every client, or refused by name."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from heddle.embedded.engine.kubernetes.connect import connect
from heddle.embedded.engine.kubernetes.settings import Settings
from heddle.errors import KubeError, ProviderError, RunbookError
from heddle.kube.client import KubeClient
from heddle.kube.kubeconfig import KubeconfigError, one_context
from heddle.runbooks.run import _environment
from tests.fabric.apiserver import api_server
from tests.kube.clients import echo, every_client

ANNA = {"as": "anna"}
ANNA_HEADERS = [("impersonate-user", "anna")]
STAFF = {
    "as": "system:serviceaccount:ci:anna",
    "as-uid": "42",
    "as-groups": ["staff", "night watch"],
    "as-user-extra": {"Scopes": ["view", "deploy"], "acme.example/team": ["a,b"]},
}
STAFF_HEADERS = [
    ("impersonate-user", "system:serviceaccount:ci:anna"),
    ("impersonate-uid", "42"),
    ("impersonate-group", "staff"),
    ("impersonate-group", "night watch"),
    ("impersonate-extra-scopes", "view"),
    ("impersonate-extra-scopes", "deploy"),
    ("impersonate-extra-acme.example%2fteam", "a,b"),
]
REFUSED = [
    ({"as-groups": ["staff"]}, "as-uid, as-groups and as-user-extra need `as`"),
    ({"as-uid": "42"}, "as-uid, as-groups and as-user-extra need `as`"),
    ({"as": 42}, "as: text expected, a number found"),
    ({"as": "anna\r\nX-Admin: yes"}, "as: printable ASCII"),
    ({"as": "anna", "as-groups": "staff"}, "as-groups: a list expected, text found"),
    ({"as": "anna", "as-groups": ["Bürger"]}, r"as-groups\[0\]: printable ASCII"),
    ({"as": "anna", "as-user-extra": {"scopes": "view"}}, "as-user-extra.scopes: a list expected"),
]


def acting(kubeconfig: str, user: dict[str, Any]) -> str:
    """The same kubeconfig, its user acting as another."""
    config = yaml.safe_load(kubeconfig)
    config["users"][0]["user"] |= user
    return yaml.safe_dump(config)


@pytest.mark.parametrize(
    ("user", "headers"), [(ANNA, ANNA_HEADERS), (STAFF, STAFF_HEADERS), ({"as": "", "as-groups": []}, [])]
)
async def test_every_client_acts_as_the_user_it_shall(
    tmp_path: Path, user: dict[str, Any], headers: list[tuple[str, str]]
) -> None:
    """Else a stack would be made with rights that its kubeconfig gives up."""
    async with echo() as port, api_server(tmp_path, {"fabric/peer1-0": {7051: port}}) as server:
        kubeconfig = acting(server.kubeconfig, user)
        await every_client(one_context(kubeconfig)[0], 7051)

        assert len(server.impersonations) == 3
        for each in server.impersonations:
            assert sorted(each) == sorted(headers)
        assert all(token == "Bearer secret-token" for token in server.tokens)


@pytest.mark.parametrize(("user", "words"), REFUSED)
async def test_what_cannot_be_sent_is_refused_by_every_client(
    tmp_path: Path, user: dict[str, Any], words: str
) -> None:
    """Before anything is sent."""
    async with api_server(tmp_path, {}) as server:
        kubeconfig = acting(server.kubeconfig, user)
        with pytest.raises(KubeconfigError, match=f"user u: {words}"):
            one_context(kubeconfig)
        with pytest.raises(KubeError, match=words):
            await KubeClient.open(kubeconfig)
        with pytest.raises(ProviderError, match=words):
            connect(Settings(kubeconfig=yaml.safe_load(kubeconfig)))

        assert server.tokens == []


async def test_playbooks_act_as_the_user_or_do_not_begin(tmp_path: Path) -> None:
    """Ansible's modules for Kubernetes send a user and groups, no more."""
    path = tmp_path / "kubeconfig"
    async with api_server(tmp_path, {}) as server:
        path.write_text(server.kubeconfig)
        assert not [name for name in _environment(tmp_path) if "IMPERSONATE" in name]
        path.write_text(acting(server.kubeconfig, {"as": "anna", "as-groups": ["a", "b"]}))
        variables = _environment(tmp_path)
        path.write_text(acting(server.kubeconfig, STAFF))
        with pytest.raises(RunbookError, match="as-uid, as-user-extra"):
            _environment(tmp_path)

    assert variables["K8S_AUTH_IMPERSONATE_USER"] == "anna"
    assert variables["K8S_AUTH_IMPERSONATE_GROUPS"] == "a,b"
