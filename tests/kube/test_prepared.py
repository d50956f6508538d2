"""A namespace that an administrator makes beforehand, and the rights in it."""

from pathlib import Path

import yaml

from heddle.kube.prepared import prepared_namespace
from heddle.kube.rights import role_rules

ROOT = Path(__file__).parent.parent.parent


def test_nobody_named_gets_nothing() -> None:
    """The namespace alone, labelled so that the stack's first `up` takes it."""
    (namespace,) = prepared_namespace("fabric-dev", "dev")
    assert namespace["metadata"]["labels"]["app.kubernetes.io/instance"] == "dev"
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_users_and_service_accounts_are_bound_to_the_role() -> None:
    """In that namespace, and nothing beyond."""
    made = prepared_namespace("fabric-dev", "dev", users=("anna",), service_accounts=("ci:deploy",))
    assert [each["kind"] for each in made] == ["Namespace", "Role", "RoleBinding"]
    assert {each["metadata"]["namespace"] for each in made[1:]} == {"fabric-dev"}
    names = [(each["kind"], each["name"], each.get("namespace")) for each in made[2]["subjects"]]
    assert names == [("User", "anna", None), ("ServiceAccount", "deploy", "ci")]


def test_the_role_grants_what_custom_kinds_need() -> None:
    """In one rule beside those that every stack has."""
    kinds = {
        "monitoring.coreos.com/v1": ("PrometheusRule", "ServiceMonitor"),
        "monitoring.coreos.com/v1alpha1": ("ScrapeConfig",),
    }
    _, role, _ = prepared_namespace("fabric-dev", "dev", users=("anna",), kinds=kinds)
    *others, own = role["rules"]
    assert others == role_rules()
    assert own == {
        "apiGroups": ["monitoring.coreos.com"],
        "resources": ["prometheusrules", "scrapeconfigs", "servicemonitors"],
        "verbs": ["get", "list", "watch", "create", "patch", "delete"],
    }


def test_the_documented_role_is_the_one_that_is_checked() -> None:
    """And no rule has a wildcard."""
    text = (ROOT / "docs/operations/namespace.md").read_text()
    block = text.split("<!-- the smallest Role -->\n```yaml\n")[1].split("```")[0]
    assert yaml.safe_load(block) == role_rules()
    assert "*" not in block
