"""Make the files that a client of a network needs: profiles, certificates, MSP folders, environments.

From the stack's outputs to contents, without asking anybody. Certificates are public; a key is among the
files only when the request names its user.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from heddle.errors import EngineError
from heddle.identity.intermediate import split_authorities
from heddle.network.instance import ChannelOutput, InstanceOutput, NodeOutput, OrganizationOutput
from heddle.network.network import Network
from heddle.render import client_env, connection_profile, msp_config_yaml

__all__ = ["ClientFile", "ClientRequest", "client_files", "msp_files"]

_CORE = """\
# Read by the official `peer` command because FABRIC_CFG_PATH says so; all it needs is in the environment.
peer:
  BCCSP: {Default: SW, SW: {Hash: SHA2, Security: 256}}
"""


@dataclass(frozen=True, kw_only=True)
class ClientFile:
    """A file of a client's configuration: its content, and whether only its owner may read it."""

    content: str = field(repr=False)
    secret: bool = False


@dataclass(frozen=True, kw_only=True)
class ClientRequest:
    """The client for which files are wanted."""

    organization: str
    """Name of an organization whose identities Heddle made."""
    users: tuple[str, ...] = ()
    """Users whose keys are wanted; the profiles and gateway.json name the first one."""
    root: str
    """The folder's place on the application's host: some SDKs and tools want absolute paths."""
    authority_keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Private keys of the organization's authorities, `ca` and `tls-ca`, if they are wanted."""


def client_files(network: Network, request: ClientRequest) -> Mapping[str, ClientFile]:
    """Return the content of every file, by its relative path.

    Raises:
        EngineError: no such organization or user, or an organization whose identities are elsewhere; with
            those there are.
    """
    instance = network.instance
    member = instance.organization(request.organization)
    if not member.users:
        there = ", ".join(name for name, each in instance.organizations.items() if each.users)
        raise EngineError(
            f"organization {member.name} is external: its keys and certificates are not in this stack",
            hint=f"Its own administrators have them. Those made here: {there}.",
        )
    files = _certificates(instance, member)
    for name, key in request.authority_keys.items():
        files[f"certificates/{name}-key.pem"] = ClientFile(content=key, secret=True)
    if instance.peers_of(member.name):
        files.update(_profiles(instance, member, request))
    for user in request.users:
        files.update(_user(network, member, user, request))
    return dict(sorted(files.items()))


# --- files that everybody may see


def _certificates(instance: InstanceOutput, member: OrganizationOutput) -> dict[str, ClientFile]:
    """Return the certificates of the organization, and the TLS roots of all that it meets."""
    texts = {
        "certificates/ca.pem": member.ca_certificate,
        "certificates/tls-ca.pem": member.tls_ca_certificate,
        **{f"certificates/{user}.pem": certificate for user, certificate in member.users.items()},
        **msp_files("msp", member),
        **{
            _tls_file(each.name, member): each.tls_ca_certificate
            for each in _met(instance, member)
            if each.tls_ca_certificate
        },
    }
    return {name: ClientFile(content=content) for name, content in texts.items()}


def msp_files(folder: str, member: OrganizationOutput) -> dict[str, str]:
    """Return an MSP folder without an identity, by which others verify the organization's members."""
    roots, intermediates = split_authorities(member.ca_certificate)
    tls_roots, tls_intermediates = split_authorities(member.tls_ca_certificate)
    return {
        f"{folder}/config.yaml": msp_config_yaml(),
        **_each(f"{folder}/cacerts/ca", roots),
        **_each(f"{folder}/intermediatecerts/ca", intermediates),
        **_each(f"{folder}/tlscacerts/tlsca", tls_roots),
        **_each(f"{folder}/tlsintermediatecerts/tlsca", tls_intermediates),
    }


def _each(path: str, certificates: Sequence[str]) -> dict[str, str]:
    """Return a file for each certificate: Fabric reads the first one of a file alone."""
    found = enumerate(certificates, 1)
    return {f"{path}{f'-{number}' if number > 1 else ''}.pem": each for number, each in found}


def _tls_file(organization: str, member: OrganizationOutput) -> str:
    return "tls/ca.pem" if organization == member.name else f"tls/{organization}-ca.pem"


def _met(instance: InstanceOutput, member: OrganizationOutput) -> list[OrganizationOutput]:
    """Return the organization, those it shares a channel with, and those that order."""
    names = [member.name]
    for channel in instance.channels.values():
        if member.name in channel.organizations or member.kind == "orderer":
            names.extend(channel.organizations)
    names.extend(node.organization for node in instance.orderers)
    return [instance.organizations[name] for name in dict.fromkeys(names) if name in instance.organizations]


# --- what SDKs read


def _profiles(
    instance: InstanceOutput, member: OrganizationOutput, request: ClientRequest
) -> Iterator[tuple[str, ClientFile]]:
    common = _profile(instance, member)
    go = _profile(instance, member, {"root": request.root, "users": request.users})
    yield "connection-profile.json", ClientFile(content=_json(common))
    yield "connection-profile.yaml", ClientFile(content=_yaml(common))
    yield "connection-profile-go.yaml", ClientFile(content=_yaml(go))
    yield "gateway.json", ClientFile(content=_json(_gateway(instance, member, request.users)))


def _profile(
    instance: InstanceOutput, member: OrganizationOutput, go: Mapping[str, object] | None = None
) -> dict[str, Any]:
    """Return a member's connection profile: its channels, all peers there, all orderers."""
    met = [each for each in _met(instance, member) if each.kind == "peer"]
    peers = {each.name: instance.peers_of(each.name) for each in met}
    return connection_profile(
        name=f"{instance.name}-{member.name}",
        organization=member,
        channels=[{"name": channel.name, "peers": channel.peers} for channel in _joined(instance, member)],
        organizations=[
            {"name": each.name, "msp_id": each.msp_id, "peers": [peer.name for peer in peers[each.name]]}
            for each in met
        ],
        orderers=[_node(node) for node in instance.orderers],
        peers=[_node(node) for nodes in peers.values() for node in nodes],
        go=go,
    )


def _joined(instance: InstanceOutput, member: OrganizationOutput) -> list[ChannelOutput]:
    return [each for each in instance.channels.values() if member.name in each.organizations]


def _gateway(instance: InstanceOutput, member: OrganizationOutput, users: Sequence[str]) -> dict[str, Any]:
    """Return the configuration of a Fabric Gateway client (2.4 and later); paths are relative to the file.

    Every peer of the organization can be the gateway; `channels` says which chaincodes are where.
    """
    return {
        "mspId": member.msp_id,
        **({"identity": _identity(users[0])} if users else {}),
        "peers": [
            {
                "name": peer.name,
                "endpoint": _address(peer),
                "tlsServerName": peer.host,
                "tlsRootCertificates": "tls/ca.pem",
            }
            for peer in instance.peers_of(member.name)
        ],
        "channels": {
            channel.name: {
                "chaincodes": [each.name for each in instance.chaincodes_on(channel.name)],
                "peers": [peer.name for peer in instance.peers_of(member.name, on=channel)],
            }
            for channel in _joined(instance, member)
        },
    }


def _identity(user: str) -> dict[str, str]:
    msp = f"users/{user}/msp"
    return {"certificate": f"{msp}/signcerts/cert.pem", "privateKey": f"{msp}/keystore/key.pem"}


# --- keys, only for users that the request names


def _user(
    network: Network, member: OrganizationOutput, user: str, request: ClientRequest
) -> Iterator[tuple[str, ClientFile]]:
    """Yield an MSP folder with certificate and key, and the environment that makes Fabric's tools use it."""
    instance, signer = network.instance, network.signer(member.name, user)
    identity = _identity(user)
    for name, content in msp_files(f"users/{user}/msp", member).items():
        yield name, ClientFile(content=content)
    yield identity["certificate"], ClientFile(content=signer.certificate.decode())
    yield identity["privateKey"], ClientFile(content=signer.private_key.decode(), secret=True)
    # Its client certificate is the stack's own; a person's access folder has none.
    osnadmin = member.kind == "orderer" and user == "admin" and network.person is None
    if osnadmin:
        yield "tls/admin-client.pem", ClientFile(content=instance.admin_tls_certificate)
        yield "tls/admin-client-key.pem", ClientFile(content=network.access.admin_tls_key, secret=True)
    operations = network.operations_tls() if osnadmin else None
    if operations is not None:
        yield "tls/operations-client.pem", ClientFile(content=operations.certificate.decode())
        key = operations.private_key.decode()
        yield "tls/operations-client-key.pem", ClientFile(content=key, secret=True)
    yield "env/core.yaml", ClientFile(content=_CORE)
    environment = client_env(
        user=user,
        organization=member.name,
        msp_id=member.msp_id,
        peers=[
            {**_node(node), "override": _override(instance, node)} for node in instance.peers_of(member.name)
        ],
        orderers=[_node(node) for node in instance.orderers],
        orderer_ca=_tls_file(instance.orderers[0].organization, member) if instance.orderers else "",
        osnadmin=osnadmin,
    )
    yield f"env/{user}.sh", ClientFile(content=environment)
    if instance.peers_of(member.name):
        yield f"env/discover-{user}.yaml", ClientFile(content=_discover(member, user, request.root))


def _discover(member: OrganizationOutput, user: str, root: str) -> str:
    """Return the file that `discover --configFile` reads (cmd/common/config.go)."""
    identity = _identity(user)
    content = {
        "version": 0,
        "tlsconfig": {"certpath": "", "keypath": "", "peercacertpath": f"{root}/tls/ca.pem", "timeout": "0s"},
        "signerconfig": {
            "mspid": member.msp_id,
            "identitypath": f"{root}/{identity['certificate']}",
            "keypath": f"{root}/{identity['privateKey']}",
        },
    }
    return _yaml(content)


# --- addresses and formats


def _address(node: NodeOutput) -> str:
    # Clients inside a private instance resolve the name; those outside dial the public endpoint.
    return node.public_endpoint or f"{node.host}:{node.port}"


def _override(instance: InstanceOutput, node: NodeOutput) -> str:
    """Return the name that a client must expect where the certificate lacks the address, else nothing.

    A certificate names its node and the public address of the stack file (`tls_hosts` in heddle/topology).
    It cannot name what a load balancer was given later.
    """
    host = _address(node).rpartition(":")[0].strip("[]")
    return "" if host in (node.host, instance.public_address) else node.host


def _node(node: NodeOutput) -> dict[str, str]:
    return {
        "name": node.name,
        "host": node.host,
        "address": _address(node),
        "tls_root": "".join(node.tls_root_certificates),
    }


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=2) + "\n"


def _yaml(content: Mapping[str, Any]) -> str:
    """Return YAML with certificates as blocks, as people know them."""

    class Dumper(yaml.SafeDumper):
        pass

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        style = "|" if "\n" in value else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    return yaml.dump(content, Dumper=Dumper, sort_keys=False)
