"""Find out which custom kinds a cluster knows, as their CustomResourceDefinitions say."""

from collections.abc import Collection, Mapping

from heddle.kube.client import KubeClient, refusal

__all__ = ["missing_kinds"]


async def missing_kinds(client: KubeClient, wanted: Mapping[str, Collection[str]]) -> list[str]:
    """Return the kinds that the API server does not know, as `ServiceMonitor of monitoring.coreos.com/v1`.

    wanted: kinds by API version. Raises KubeError if the user may not ask.
    """
    missing = []
    for version, kinds in wanted.items():
        known = await _known(client, version)
        missing += [f"{kind} of {version}" for kind in kinds if kind not in known]
    return missing


async def _known(client: KubeClient, version: str) -> set[str]:
    """Return the kinds of an API version, none of one that is not served."""
    response = await client.send("GET", f"/apis/{version}")
    if response.status_code == 404:
        return set()
    if response.status_code != 200:
        raise refusal(response)
    return {str(each["kind"]) for each in response.json()["resources"]}
