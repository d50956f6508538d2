"""MSPs as protobuf and as folders, and signers."""

from dataclasses import replace
from typing import Any

import pytest
from fabric_protos.msp import identities_pb2
from hypothesis import given
from hypothesis import strategies as st

from heddle.errors import IdentityError
from heddle.identity.authority import new_authority
from heddle.identity.certificate import CertificateRequest, Usage, issue
from heddle.identity.keys import verify
from heddle.identity.msp import Msp, change_msp, fabric_msp, msp_config, msp_from_config
from heddle.identity.signer import Signer

CERTIFICATES = [new_authority(common_name=f"ca{n}", organization="o").certificate for n in range(4)]

certificates = st.lists(st.sampled_from(CERTIFICATES), max_size=3).map(tuple)
msps = st.builds(
    Msp,
    msp_id=st.text(st.characters(codec="utf-8"), min_size=1, max_size=20),
    root_certificates=st.lists(st.sampled_from(CERTIFICATES), min_size=1, max_size=3).map(tuple),
    intermediate_certificates=certificates,
    tls_root_certificates=certificates,
    tls_intermediate_certificates=certificates,
    revocation_lists=st.lists(st.binary(max_size=20), max_size=2).map(tuple),
)


@given(msps)
def test_an_msp_survives_the_channel(msp: Msp) -> None:
    """Reading is the inverse of writing."""
    assert msp_from_config(msp_config(msp)) == msp


def test_a_change_keeps_what_we_cannot_say() -> None:
    """A foreign MSP's administrators and identifiers survive a new root."""
    msp = Msp(msp_id="M", root_certificates=(CERTIFICATES[0],), tls_root_certificates=())
    config = msp_config(msp)
    foreign = fabric_msp(config)
    foreign.admins.append(b"an administrator")
    config.config = foreign.SerializeToString()
    changed = change_msp(config, replace(msp, root_certificates=(CERTIFICATES[0], CERTIFICATES[1])))
    assert fabric_msp(changed).admins == [b"an administrator"]
    assert msp_from_config(changed).root_certificates == (CERTIFICATES[0], CERTIFICATES[1])


def test_an_msp_id_is_for_ever() -> None:
    """Fabric refuses `orderer org X attempted to change MSP ID`; so do we, before anything is signed."""
    msp = Msp(msp_id="M", root_certificates=(CERTIFICATES[0],), tls_root_certificates=())
    with pytest.raises(IdentityError, match="for ever"):
        change_msp(msp_config(msp), replace(msp, msp_id="N"))


@pytest.mark.parametrize(
    "change",
    [{"msp_id": ""}, {"root_certificates": ()}, {"tls_root_certificates": (b"no certificate",)}],
)
def test_an_unusable_msp_is_refused(change: dict[str, Any]) -> None:
    """What a node would refuse at start is refused here."""
    msp = Msp(msp_id="M", root_certificates=(CERTIFICATES[0],), tls_root_certificates=())
    with pytest.raises(IdentityError):
        msp_config(replace(msp, **change))


def test_a_signer_names_itself_and_signs() -> None:
    """The creator of a message can be verified by its certificate."""
    authority = new_authority(common_name="ca", organization="o")
    issued = issue(authority, CertificateRequest(common_name="admin", usage=Usage.IDENTITY))
    signer = Signer(msp_id="M", certificate=issued.certificate, private_key=issued.private_key)
    identity = identities_pb2.SerializedIdentity.FromString(signer.serialized)
    assert (identity.mspid, identity.id_bytes) == ("M", issued.certificate)
    assert verify(identity.id_bytes, b"message", signer.sign(b"message"))
    assert "PRIVATE" not in repr(signer)
