"""Kinds that a cluster has to know beside Kubernetes' own are looked at first, as Secrets and rights are."""

import pytest

from heddle.errors import ProviderError
from heddle.spec.load import parse_instance
from heddle.topology import plan
from tests.provider.harness import Engine
from tests.provider.namespaces import INPUTS, OWNERSHIP, Namespaces

STABLE, ALPHA = "monitoring.coreos.com/v1", "monitoring.coreos.com/v1alpha1"
KINDS = plan(
    parse_instance(
        {
            "name": "dev",
            "organizations": [{"name": "one"}],
            "monitoring": {"operator": True, "exporter": "192.0.2.10:9745"},
        },
        source="test",
    )
).custom_kinds
WANTED = {**INPUTS, "customKinds": {version: list(kinds) for version, kinds in KINDS.items()}}
KNOWN = {STABLE: ["PrometheusRule", "ServiceMonitor"], ALPHA: ["AlertmanagerConfig", "ScrapeConfig"]}


@pytest.mark.parametrize(
    ("known", "missing"),
    [
        ({}, f"no PrometheusRule of {STABLE}, no ServiceMonitor of {STABLE}, no ScrapeConfig of {ALPHA}: "),
        ({STABLE: KNOWN[STABLE]}, f"knows no ScrapeConfig of {ALPHA}: "),
        ({**KNOWN, ALPHA: ["AlertmanagerConfig"]}, f"knows no ScrapeConfig of {ALPHA}: "),
        ({**KNOWN, STABLE: ["PrometheusRule", "PodMonitor"]}, f"knows no ServiceMonitor of {STABLE}: "),
    ],
)
async def test_a_cluster_without_the_operator_is_refused_in_the_preview(
    namespaces: Namespaces, known: dict[str, list[str]], missing: str
) -> None:
    """Of a new stack and of one that runs; the way out stands beside it, and nothing is made."""
    namespaces.kinds = known
    with pytest.raises(ProviderError, match=missing) as refused:
        await Engine().preview(OWNERSHIP, "own", WANTED)
    with pytest.raises(ProviderError, match=missing):
        await Engine().up(OWNERSHIP, "own", WANTED)

    assert "Install prometheus-operator" in refused.value.hint
    assert "take `operator` out of `monitoring`" in refused.value.hint
    assert namespaces.objects == {}
    engine = Engine()
    await engine.up(OWNERSHIP, "own", INPUTS)
    with pytest.raises(ProviderError, match=missing):
        await engine.diff(OWNERSHIP, "own", WANTED)


async def test_a_cluster_with_the_operator_changes_nothing_of_a_stack_that_runs(
    namespaces: Namespaces,
) -> None:
    engine = Engine()
    await engine.up(OWNERSHIP, "own", INPUTS)
    namespaces.kinds = KNOWN

    assert not (await engine.diff(OWNERSHIP, "own", WANTED)).changes
    await Engine().preview(OWNERSHIP, "own", WANTED)
    await engine.up(OWNERSHIP, "own", WANTED)
    assert engine.log.of("warning") == []


async def test_a_right_on_these_objects_that_is_missing_is_named(namespaces: Namespaces) -> None:
    """An instance that runs may be the first to need it: rights are looked at when it is asked for."""
    engine = Engine()
    await engine.up(OWNERSHIP, "own", INPUTS)
    namespaces.kinds, namespaces.lacking = KNOWN, {("create", "servicemonitors")}

    with pytest.raises(
        ProviderError, match=r"may not: create servicemonitors\.monitoring\.coreos\.com\n"
    ) as refused:
        await engine.diff(OWNERSHIP, "own", WANTED)
    assert "heddle namespace STACK --user NAME | kubectl apply -f -" in refused.value.hint


async def test_what_may_not_be_asked_is_said_to_be_unchecked(namespaces: Namespaces) -> None:
    """A right to look that is missing refuses nothing."""
    namespaces.kinds_hidden = True
    engine = Engine()
    await engine.up(OWNERSHIP, "own", WANTED)
    assert not (await engine.diff(OWNERSHIP, "own", WANTED)).changes

    first, second = engine.log.of("warning")
    assert "not checked: whether the cluster knows what `monitoring.operator` needs" in first
    assert "forbidden" in second
