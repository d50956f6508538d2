"""Configuration, checking and comparing, as far as no cluster is needed."""

from typing import Any

import pytest

from heddle.embedded.engine.kubernetes import create_provider
from heddle.embedded.engine.kubernetes.checking import checked
from heddle.embedded.engine.kubernetes.comparing import compared
from heddle.embedded.engine.kubernetes.provider import KubernetesProvider
from heddle.embedded.engine.kubernetes.settings import Settings, config_changes, settings_of
from heddle.errors import NeedsCli, ProviderError
from heddle.plugin.interface import (
    CheckRequest,
    CreateRequest,
    DeleteRequest,
    DiffKind,
    DiffRequest,
    ReadRequest,
    Severity,
)
from heddle.plugin.values import UNKNOWN, Properties, Secret

_TYPE = "kubernetes:core/v1:ConfigMap"
_URN = f"urn:pulumi:s::p::{_TYPE}::settings"
_NOWHERE = """
apiVersion: v1
kind: Config
current-context: c
contexts: [{name: c, context: {cluster: k, user: u, namespace: here}}]
clusters: [{name: k, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {token: t}}]
"""


class Messages:
    """A log that can be read."""

    def __init__(self) -> None:
        self.lines: list[tuple[Severity, str]] = []

    async def __call__(
        self, severity: Severity, message: str, urn: str = "", *, ephemeral: bool = False
    ) -> None:
        self.lines += [] if ephemeral else [(severity, message)]


def _check(news: Properties, olds: Properties | None = None, type_: str = _TYPE) -> CheckRequest:
    return CheckRequest(urn=_URN, type=type_, name="settings", olds=olds or {}, news=news)


def _diff(live: dict[str, Any], inputs: dict[str, Any], news: dict[str, Any], **more: Any) -> DiffRequest:
    outputs = {**live, "__inputs": inputs, "__fieldManager": "m", "__initialApiVersion": "v1"}
    return DiffRequest(
        urn=_URN, type=_TYPE, id="x/n", old_inputs=inputs, old_outputs=outputs, news=news, **more
    )


def _map(name: str = "n", namespace: str | None = "x", **rest: Any) -> dict[str, Any]:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, **rest}


def test_an_unnamed_object_gets_a_name_a_note_of_it_and_a_namespace() -> None:
    """The note lets a later replacement choose another name."""
    inputs: Any = checked(_check({"data": {"a": "b"}}), "here").inputs
    assert inputs["apiVersion"] == "v1"
    assert inputs["kind"] == "ConfigMap"
    assert inputs["metadata"]["name"].startswith("settings-")
    assert len(inputs["metadata"]["name"]) == len("settings-") + 8
    assert inputs["metadata"]["annotations"] == {"pulumi.com/autonamed": "true"}
    assert inputs["metadata"]["namespace"] == "here"


def test_a_made_up_name_is_kept() -> None:
    """As long as the object lives."""
    first: Any = checked(_check({"data": {"a": "b"}}), "here").inputs
    second: Any = checked(_check({"data": {"a": "c"}}, first), "here").inputs
    assert second["metadata"] == first["metadata"]


def test_a_given_name_is_left_alone_even_when_it_is_not_known_yet() -> None:
    """Nothing is made up where the program says something."""
    inputs: Any = checked(_check({"metadata": {"name": UNKNOWN}}), "here").inputs
    assert inputs["metadata"] == {"name": UNKNOWN, "namespace": "here"}


def test_the_namespace_is_for_kinds_that_have_one() -> None:
    """A Namespace has none."""
    inputs: Any = checked(
        _check({"metadata": {"name": "x"}}, type_="kubernetes:core/v1:Namespace"), "h"
    ).inputs
    assert inputs["metadata"] == {"name": "x"}


def test_checked_inputs_keep_their_secrets() -> None:
    """A Secret's data as a whole, other values one by one."""
    inputs = checked(_check({"data": {"a": Secret("x"), "b": "y"}}), "here").inputs
    assert inputs["data"] == {"a": Secret("x"), "b": "y"}
    news: Properties = {"stringData": {"a": Secret("x")}}
    inputs = checked(_check(news, type_="kubernetes:core/v1:Secret"), "here").inputs
    assert inputs["data"] == Secret({"a": "eA=="})
    assert "stringData" not in inputs


@pytest.mark.parametrize(
    "type_",
    [
        "kubernetes:helm.sh/v3:Release",
        "kubernetes:core/v1:ConfigMapPatch",
        "kubernetes:core/v1:ConfigMapList",
        "kubernetes:yaml/v2:ConfigFile",
        "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition",
    ],
)
def test_other_kinds_need_the_cli(type_: str) -> None:
    """And the error says so."""
    with pytest.raises(NeedsCli, match="does not know this kind"):
        checked(_check({}, type_=type_), "here")


def test_what_the_cluster_added_is_no_change() -> None:
    """Nor is the default namespace."""
    live = _map(namespace="default", data={"a": "b"}) | {"added": 1}
    result = compared(
        _diff(live, _map(namespace=None, data={"a": "b"}), _map(namespace=None, data={"a": "b"})), Settings()
    )
    assert result.changes is False
    assert result.replaces == ()


def test_a_changed_config_map_is_replaced_after_it_was_deleted() -> None:
    """Its name is the program's, so both cannot be there at once."""
    old = _map(data={"a": "b"})
    result = compared(_diff(old, old, _map(data={"a": "c"})), Settings())
    assert result.detailed == {"data.a": DiffKind.UPDATE_REPLACE}
    assert result.replaces == ("data.a",)
    assert result.delete_before_replace


def test_an_autonamed_one_is_replaced_by_one_of_another_name() -> None:
    """So the new one can come first."""
    metadata = {"name": "n-1", "namespace": "x", "annotations": {"pulumi.com/autonamed": "true"}}
    old = _map(data={"a": "b"}) | {"metadata": metadata}
    result = compared(_diff(old, old, {**old, "data": {"a": "c"}}), Settings())
    assert result.replaces
    assert not result.delete_before_replace


def test_a_mutable_config_map_is_updated() -> None:
    """If the provider is told so, and the object does not say otherwise."""
    settings = Settings(mutable_config_maps=True)
    old = _map(data={"a": "b"})
    assert compared(_diff(old, old, _map(data={"a": "c"})), settings).replaces == ()
    fixed = _map(data={"a": "c"}, immutable=True)
    assert compared(_diff(old, old, fixed), settings).replaces == ("data.a",)


def test_ignored_changes_are_none() -> None:
    """Neither shown nor acted upon."""
    old = _map(data={"a": "b"})
    result = compared(_diff(old, old, _map(data={"a": "c"}), ignore_changes=("data.a",)), Settings())
    assert result.changes is False


def test_moving_to_another_namespace_replaces_without_deleting_first() -> None:
    """They do not meet."""
    old = _map(data={"a": "b"})
    result = compared(_diff(old, old, _map(namespace="y", data={"a": "b"})), Settings())
    assert result.replaces == ("metadata.namespace",)
    assert not result.delete_before_replace


_OTHER = _NOWHERE.replace("127.0.0.1:1", "127.0.0.1:2")
_RENEWED = _NOWHERE.replace("token: t", "token: u")


@pytest.mark.parametrize(
    ("olds", "news", "changes", "replaces"),
    [
        ({"kubeconfig": _NOWHERE}, {"kubeconfig": _NOWHERE}, False, ()),
        ({"kubeconfig": _NOWHERE}, {"kubeconfig": Secret(_NOWHERE)}, False, ()),
        ({"kubeconfig": _NOWHERE}, {"kubeconfig": _RENEWED}, True, ()),
        ({"kubeconfig": _NOWHERE}, {"kubeconfig": _OTHER}, True, ("kubeconfig",)),
        ({"kubeconfig": _NOWHERE}, {"kubeconfig": UNKNOWN}, True, ("kubeconfig",)),
        (
            {"kubeconfig": _NOWHERE, "clusterIdentifier": "a"},
            {"kubeconfig": _OTHER, "clusterIdentifier": "a"},
            True,
            (),
        ),
        (
            {"kubeconfig": _NOWHERE, "clusterIdentifier": "a"},
            {"kubeconfig": _NOWHERE, "clusterIdentifier": "b"},
            True,
            ("clusterIdentifier",),
        ),
        ({"kubeconfig": _NOWHERE}, {"kubeconfig": _NOWHERE, "clusterIdentifier": "a"}, True, ()),
        ({"namespace": "a"}, {"namespace": "b"}, True, ()),
    ],
)
def test_another_cluster_replaces_the_provider_a_renewed_kubeconfig_does_not(
    olds: Properties, news: Properties, changes: bool, replaces: tuple[str, ...]
) -> None:
    """With an identifier, only that counts."""
    result = config_changes(olds, news)
    assert (result.changes, result.replaces) == (changes, replaces)


@pytest.mark.parametrize(
    ("inputs", "environment", "expected"),
    [
        ({}, {}, False),
        ({"enableSecretMutable": True}, {}, True),
        ({"enableSecretMutable": "true"}, {}, True),
        ({"enableSecretMutable": False}, {"PULUMI_K8S_ENABLE_SECRET_MUTABLE": "true"}, False),
        ({}, {"PULUMI_K8S_ENABLE_SECRET_MUTABLE": "true"}, True),
    ],
)
def test_flags_come_from_the_inputs_else_from_the_environment(
    inputs: Properties, environment: dict[str, str], expected: bool
) -> None:
    """As strings too: so the SDK sends them."""
    assert settings_of(inputs, environment).mutable_secrets is expected


def test_a_broken_kubeconfig_is_not_shown() -> None:
    """It holds keys."""
    with pytest.raises(ProviderError) as caught:
        settings_of({"kubeconfig": Secret("hidden: [")}, {})
    assert "hidden" not in str(caught.value)


async def _unreachable(messages: Messages, **inputs: Any) -> KubernetesProvider:
    provider = create_provider(messages)
    await provider.configure({"kubeconfig": _NOWHERE, **inputs})
    return provider


async def test_an_unreachable_cluster_fails_only_what_needs_it() -> None:
    """Checking and comparing work; a preview shows the inputs; creating names the reason."""
    provider = await _unreachable(Messages())
    inputs = (await provider.check(_check({"metadata": {"name": "n"}}))).inputs
    assert inputs["metadata"] == {"name": "n", "namespace": "here"}
    preview = CreateRequest(urn=_URN, type=_TYPE, name="settings", inputs=inputs, preview=True)
    assert (await provider.create(preview)).properties == inputs
    with pytest.raises(ProviderError, match="cluster is unreachable: no answer"):
        await provider.create(CreateRequest(urn=_URN, type=_TYPE, name="settings", inputs=inputs))


async def test_what_is_in_an_unreachable_cluster_is_kept_unless_asked() -> None:
    """Unreachable is not gone."""
    messages = Messages()
    provider = await _unreachable(messages)
    read = ReadRequest(urn=_URN, type=_TYPE, name="n", id="x/n", inputs={}, properties={})
    with pytest.raises(ProviderError, match="PULUMI_K8S_DELETE_UNREACHABLE"):
        await provider.read(read)
    delete = DeleteRequest(urn=_URN, type=_TYPE, name="n", id="x/n", old_inputs={}, properties={})
    with pytest.raises(ProviderError, match="PULUMI_K8S_DELETE_UNREACHABLE"):
        await provider.delete(delete)
    assert messages.lines[0][0] is Severity.WARNING
    forgetful = await _unreachable(messages, deleteUnreachable=True)
    assert (await forgetful.read(read)).id == ""
    await forgetful.delete(delete)


async def test_a_provider_that_is_not_known_yet_leaves_all_open() -> None:
    """A preview in which the cluster itself is still to be made."""
    provider = create_provider(Messages())
    await provider.configure({"kubeconfig": UNKNOWN})
    assert (await provider.check(_check({"data": {}}))).inputs == {"data": {}}
    assert (await provider.diff(_diff({}, {}, {}))).changes is None
    preview = CreateRequest(urn=_URN, type=_TYPE, name="settings", inputs={}, preview=True)
    assert (await provider.create(preview)).properties == {}
