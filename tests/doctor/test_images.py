"""Images by tag are named, with the digest that would hold them; pods that differ under one tag are wrong."""

from typing import Any, ClassVar

import pytest

from heddle.doctor import images as module
from heddle.doctor.images import image_findings
from heddle.errors import KubeError
from heddle.spec.load import parse_instance
from heddle.topology import Topology, plan
from heddle.versions import ORDERER_IMAGE, PEER_IMAGE

ONE, OTHER = (f"docker.io/hyperledger/fabric-peer@sha256:{digit * 64}" for digit in "12")
NETWORK: dict[str, Any] = {
    "name": "dev",
    "organizations": [{"name": "one"}],
    "channels": [{"name": "channel", "organizations": ["one"]}],
}


def _topology(**settings: Any) -> Topology:
    return plan(parse_instance({**NETWORK, **settings}, source="test"))


def _pod(image: str, image_id: str) -> dict[str, Any]:
    return {
        "spec": {"containers": [{"name": "main", "image": image}]},
        "status": {"containerStatuses": [{"name": "main", "imageID": image_id}]},
    }


class _Cluster:
    """Answers for an API server with these pods; None: it refuses."""

    pods: ClassVar[list[dict[str, Any]] | None] = []

    @classmethod
    async def open(cls, kubeconfig: str) -> "_Cluster":
        return cls()

    async def __aenter__(self) -> "_Cluster":
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def items(self, path: str) -> list[dict[str, Any]]:
        assert path == "/api/v1/namespaces/fabric-dev/pods"
        if self.pods is None:
            raise KubeError("forbidden")
        return self.pods


def _found(monkeypatch: pytest.MonkeyPatch, topology: Topology, *pods: Any) -> list[tuple[str, str]]:
    monkeypatch.setattr(_Cluster, "pods", None if pods == (None,) else list(pods))
    monkeypatch.setattr(module, "KubeClient", _Cluster)
    return [(each.found, each.step) for each in image_findings(topology, "kubeconfig")]


def test_a_tag_is_named_with_the_digest_that_would_hold_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Heddle's own defaults are tags: images packed on this machine have no registry's digest."""
    found = _found(monkeypatch, _topology(), _pod(PEER_IMAGE, ONE), _pod(ORDERER_IMAGE, f"sha256:{'3' * 64}"))
    assert found == [
        (
            f"images.peer is {PEER_IMAGE}, by a tag, which its registry can move; "
            f"{PEER_IMAGE}@sha256:{'1' * 64}, which its pods run, stays",
            "",
        ),
        (
            f"images.orderer is {ORDERER_IMAGE}, by a tag, which its registry can move; "
            "a digest behind it stays",
            "",
        ),
    ]


@pytest.mark.parametrize("pods", [(), (None,)], ids=["no pods yet", "no right to list pods"])
def test_without_pods_the_stack_file_says_it(monkeypatch: pytest.MonkeyPatch, pods: tuple[Any, ...]) -> None:
    """A first `up`, or somebody with few rights: the tags are named all the same."""
    found = _found(monkeypatch, _topology(), *pods)
    assert [step for _, step in found] == ["", ""]
    assert all(words.endswith("a digest behind it stays") for words, _ in found)


def test_a_tag_that_was_moved_is_an_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pods of one tag run two images."""
    (moved, _) = _found(monkeypatch, _topology(), _pod(PEER_IMAGE, ONE), _pod(PEER_IMAGE, OTHER))
    assert f"pods run {ONE}, {OTHER}" in moved[0]
    assert "by its digest" in moved[1]


def test_digests_and_images_built_here_are_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else can put another image in their place."""
    digests = {"peer": f"{PEER_IMAGE}@sha256:{'1' * 64}", "orderer": f"{ORDERER_IMAGE}@sha256:{'2' * 64}"}
    for settings in ({"images": digests}, {"standin": True}):
        assert _found(monkeypatch, _topology(**settings)) == [
            ("each is named by its digest, or built here", "")
        ]
