"""What stays when a stack shrinks or goes, and what goes along."""

from tests.components.declared import NETWORK, named
from tests.components.recording import Recorder, record


def test_what_cannot_be_made_again_is_protected_unless_disposable(
    network: Recorder, public: Recorder
) -> None:
    """Authorities and channels."""
    precious = [*network.of("CertificateAuthority"), *network.of("Channel")]

    assert [name for name in precious if not network.options[name].protect] == []
    assert [name for name in precious if public.options[name].protect] == []


def test_a_claim_is_retained_unless_disposable(network: Recorder, public: Recorder) -> None:
    """Never protected: a node may leave the file, and its volume stays as a leftover."""
    claims = network.of("PersistentVolumeClaim")

    assert [name for name in claims if network.options[name].protect] == []
    assert [name for name in claims if not network.options[name].retain_on_delete] == []
    assert [name for name in claims if public.options[name].retain_on_delete] == []


def test_a_leaving_organization_is_off_its_channels_and_unprotected() -> None:
    """Its nodes run on until it is out of the file, and it signs for its own removal."""
    one, two = NETWORK["organizations"]
    shared = {**NETWORK, "channels": NETWORK["channels"][:1]}
    network = record(shared)
    leaving = record({**shared, "organizations": [one, {**two, "leaving": True}]})

    authorities = leaving.of("CertificateAuthority")
    assert {name for name in authorities if not leaving.options[name].protect} == {
        "dev-two-ca",
        "dev-two-tlsca",
    }
    assert named(leaving, "StatefulSet").keys() == named(network, "StatefulSet").keys()
    for before, after in zip(network.of("Channel").values(), leaving.of("Channel").values(), strict=True):
        assert {each["name"] for each in after["peerOrganizations"]} < {
            each["name"] for each in before["peerOrganizations"]
        }
        assert after["signers"] == before["signers"]
    assert [name for name in leaving.of("PeerMembership") if name.endswith("-two")] == []
    assert leaving.of("VolumeTerms")["dev-storage-terms"]["members"] == {"one": "stays", "two": "may leave"}


def test_objects_go_with_a_disposable_namespace() -> None:
    """Destroying such an instance deletes a namespace, not a hundred objects."""
    disposable = record({**NETWORK, "disposable": True})
    for name in disposable.objects():
        if name != "dev-cluster-namespace":
            assert disposable.options[name].deleted_with is not None, name


def test_a_protected_namespace_takes_nothing_along(network: Recorder) -> None:
    """It stays with the claims in it, so whatever else is deleted is deleted for itself, not forgotten."""
    assert network.options["dev-cluster-namespace"].protect
    for name in network.objects():
        assert network.options[name].deleted_with is None, name


def test_memberships_go_with_their_peer(network: Recorder) -> None:
    """A peer that is gone has nothing to leave."""
    for name in [*network.of("PeerMembership"), *network.of("ChaincodeInstallation")]:
        assert network.options[name].deleted_with is not None, name
