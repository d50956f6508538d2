"""Measure keys and certificates of a large consortium, beside `cryptogen`: the same members and folders."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path

import yaml

from bench.figures import Figure, median_of, run
from heddle.identity.authority import Authority, new_authority
from heddle.identity.certificate import CertificateRequest, Issued, Usage, issue
from heddle.identity.msp import Msp
from tests.real.mspfolder import msp_folder

ORGANIZATIONS, PEERS = 40, 10


def measure() -> Iterator[Figure]:
    """Time everything in memory, then with its folders; `cryptogen` cannot do without folders."""
    with tempfile.TemporaryDirectory(prefix="heddle-bench-") as name:
        folder = Path(name)
        cryptogen = shutil.which("cryptogen")
        peer = _cryptogen(cryptogen, folder) if cryptogen else None
        what = f"identities of {ORGANIZATIONS} organizations × {PEERS} peers"
        yield Figure(
            what=what,
            on="in process",
            value=median_of(lambda: [_organization(number) for number in range(ORGANIZATIONS)]),
            peer=peer,
            peer_name="cryptogen",
            goal="1.5 times",
        )
        folders = (folder / f"ours-{number}" for number in count())
        yield Figure(
            what="… written as folders",
            on="in process",
            value=median_of(lambda: _write_all(next(folders))),
            peer=peer,
            peer_name="cryptogen",
            goal="1.5 times",
        )


def _cryptogen(program: str, folder: Path) -> float:
    organizations = [
        {
            "Name": f"org{number}",
            "Domain": f"org{number}.example.com",
            "EnableNodeOUs": True,
            "Template": {"Count": PEERS},
            "Users": {"Count": 1},
        }
        for number in range(ORGANIZATIONS)
    ]
    config = folder / "crypto.yaml"
    config.write_text(yaml.safe_dump({"PeerOrgs": organizations}))
    # A new folder each time: what is there already it leaves alone.
    outputs = (folder / f"theirs-{number}" for number in count())
    return median_of(lambda: run((program, "generate", f"--config={config}", f"--output={next(outputs)}")))


def _organization(number: int) -> dict[str, Mapping[str, bytes]]:
    """Make the folders of one organization: its MSP; MSP and TLS of each peer, administrator and user."""
    name = f"org{number}"
    domain = f"{name}.example.com"
    ca = new_authority(common_name=f"ca.{domain}", organization=name)
    tls = new_authority(common_name=f"tlsca.{domain}", organization=name)
    msp = Msp(
        msp_id=f"{name}MSP", root_certificates=(ca.certificate,), tls_root_certificates=(tls.certificate,)
    )
    members = [("peer", f"peer{index}.{domain}") for index in range(PEERS)]
    members += [("admin", f"Admin@{domain}"), ("client", f"User1@{domain}")]
    folders: dict[str, Mapping[str, bytes]] = {f"{name}/msp": msp_folder(msp)}
    for role, member in members:
        own, channel = _issue(ca, name, member, role), _issue(tls, name, member)
        folders[f"{name}/{member}/msp"] = msp_folder(
            msp, certificate=own.certificate, private_key=own.private_key
        )
        folders[f"{name}/{member}/tls"] = {
            "ca.crt": tls.certificate,
            "server.crt": channel.certificate,
            "server.key": channel.private_key,
        }
    return folders


def _issue(authority: Authority, organization: str, member: str, role: str = "") -> Issued:
    request = CertificateRequest(
        common_name=member,
        organization=organization,
        organizational_units=(role,) if role else (),
        hosts=() if role else (member,),
        usage=Usage.IDENTITY if role else Usage.TLS,
    )
    return issue(authority, request)


def _write_all(root: Path) -> None:
    for number in range(ORGANIZATIONS):
        for folder, files in _organization(number).items():
            for path, content in files.items():
                file = root / folder / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
