"""`heddle sdk-config STACK`: what a client application needs to use a network."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heddle.cli.options import HERE, Folder, StackFile
from heddle.errors import EngineError

if TYPE_CHECKING:
    from heddle.cli.outputs import InstanceOutput, NodeOutput, OrganizationOutput

__all__ = ["ClientFile", "client_files", "sdk_config"]


@dataclass(frozen=True, kw_only=True)
class ClientFile:
    """One file of a client's configuration."""

    content: str
    secret: bool = False


def sdk_config(
    stack: StackFile,
    org: Annotated[str, typer.Option("--org", help="The organization the client belongs to.")],
    out: Annotated[Path, typer.Option("--out", help="The folder to write.", file_okay=False)],
    user: Annotated[str, typer.Option("--user", help="Whose certificate and key: user or admin.")] = "user",
    folder: Folder = HERE,
) -> None:
    """Write a connection profile, the certificates it needs, and a user's certificate and key."""
    from heddle.cli.outputs import load_instance

    files = client_files(load_instance(stack, folder), organization=org, user=user)
    for name, file in files.items():
        _write(out / name, file)
        typer.echo(f"{out / name}{'  (secret)' if file.secret else ''}")


def client_files(instance: "InstanceOutput", *, organization: str, user: str) -> Mapping[str, ClientFile]:
    """Relative path and content of every file.

    Args:
        instance: the network.
        organization: name of an organization with peers.
        user: one of its users, `user` or `admin`.

    Raises:
        EngineError: no such organization or user, or one without peers, with those there are.
    """
    member = instance.organization(organization)
    if not instance.peers_of(organization):
        there = ", ".join(name for name in instance.organizations if instance.peers_of(name))
        raise EngineError(f"organization {organization} has no peers", hint=f"Those with peers: {there}.")
    identity = member.user(user)
    profile = _profile(instance, member)
    from heddle.render import msp_config_yaml

    msp = f"users/{user}/msp"
    return {
        "connection-profile.json": ClientFile(content=json.dumps(profile, indent=2) + "\n"),
        "connection-profile.yaml": ClientFile(content=_yaml(profile)),
        "tls/ca.pem": ClientFile(content=member.tls_ca_certificate),
        **{
            f"tls/{each.name}-ca.pem": ClientFile(content=each.tls_ca_certificate)
            for each in instance.organizations.values()
            if each.name != organization
        },
        f"{msp}/config.yaml": ClientFile(content=msp_config_yaml()),
        f"{msp}/cacerts/ca.pem": ClientFile(content=member.ca_certificate),
        f"{msp}/tlscacerts/tlsca.pem": ClientFile(content=member.tls_ca_certificate),
        f"{msp}/signcerts/cert.pem": ClientFile(content=identity.certificate),
        f"{msp}/keystore/key.pem": ClientFile(content=identity.private_key, secret=True),
    }


def _profile(instance: "InstanceOutput", member: "OrganizationOutput") -> dict[str, Any]:
    """The connection profile of a member: its channels, everybody it meets there, all orderers."""
    from heddle.render import connection_profile

    channels = [channel for channel in instance.channels.values() if member.name in channel.organizations]
    names = dict.fromkeys(name for channel in channels for name in channel.organizations)
    names.setdefault(member.name)
    met = [instance.organization(name) for name in names]
    return connection_profile(
        name=f"{instance.name}-{member.name}",
        organization=member,
        channels=[{"name": channel.name, "peers": channel.peers} for channel in channels],
        organizations=[
            {
                "name": each.name,
                "msp_id": each.msp_id,
                "peers": [peer.name for peer in instance.peers_of(each.name)],
            }
            for each in met
        ],
        orderers=[_node(node) for node in instance.orderers],
        peers=[_node(node) for each in met for node in instance.peers_of(each.name)],
    )


def _node(node: "NodeOutput") -> dict[str, str]:
    return {
        "name": node.name,
        "host": node.host,
        # Clients inside a private instance resolve the name; those outside dial the public endpoint.
        "address": node.public_endpoint or f"{node.host}:{node.port}",
        "tls_root": "".join(node.tls_root_certificates),
    }


def _yaml(profile: Mapping[str, Any]) -> str:
    """YAML with certificates as blocks, as people know them."""
    import yaml

    class Dumper(yaml.SafeDumper):
        pass

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        style = "|" if "\n" in value else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    return yaml.dump(profile, Dumper=Dumper, sort_keys=False)


def _write(path: Path, file: ClientFile) -> None:
    """Write a file; one that is secret is never readable by others, not even for a moment."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    path.touch(mode=0o600 if file.secret else 0o644)
    path.write_text(file.content)
