"""Open a running network: what its stack's outputs say of it, and the ways to its nodes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from heddle.configtx.trust import ConfigMark
from heddle.errors import EngineError
from heddle.fabric.connection import Connections
from heddle.fabric.dial import ClusterDialer
from heddle.fabric.node import ClientTls, Node
from heddle.identity.signer import Signer
from heddle.network.history import ConfigHistory
from heddle.network.instance import (
    VERSION,
    AccessOutput,
    InstanceOutput,
    NodeOutput,
    OrganizationOutput,
    read_access,
    read_instance,
)
from heddle.network.oldoutput import split_old_output
from heddle.network.requests import CHANNEL_TYPE, kept_marks
from heddle.network.viewer import Person, own_kubeconfig, read_access_folder
from heddle.network.work import state_by_others
from heddle.planner.instance import InstanceState, State
from heddle.planner.operations import Operation, operation_refusal
from heddle.plugin.values import Properties, Secret, Value, strip_secrets
from heddle.state.outputs import read_outputs_and
from heddle.state.project import is_access_folder

__all__ = ["Network", "Representative", "network_of", "open_network"]


@dataclass(frozen=True, kw_only=True)
class Representative:
    """Let a managed organization act for a channel: its administrator, and its peers on the channel."""

    organization: OrganizationOutput
    signer: Signer
    peers: tuple[Node, ...]


@dataclass(frozen=True, kw_only=True)
class Network:
    """Hold what is known of a running network, and the credentials to use it.

    `marks` are the newest configuration blocks that were proved, by channel, where the state keeps them.
    """

    instance: InstanceOutput
    access: AccessOutput
    marks: Mapping[str, ConfigMark] = field(default_factory=dict)
    person: Person | None = None
    """Whose access folder it is, where the network was opened without the stack's own keys."""
    going_on: InstanceState | None = None
    """The state that another process's run gave the instance when the network was opened, if any."""

    def connections(self, to: Operation | None = Operation.ASK) -> Connections:
        """Return clients that dial through the cluster's API server, for `async with`.

        `to`: what for; None: whatever the state of the instance. Raises EngineError as `expect` does.
        """
        if to is not None:
            self.expect(to)
        return Connections(ClusterDialer(self.access.kubeconfig))

    def expect(self, operation: Operation) -> None:
        """Raise EngineError where the state of the instance forbids an operation."""
        own = State.HIBERNATED if self.instance.sleep else State.NORMAL
        for state in (self.going_on or own, own):
            if refusal := operation_refusal(operation, state):
                raise EngineError(f"{self.instance.name}: {operation}: {refusal.reason}", hint=refusal.hint)

    def history(self, channel: str) -> ConfigHistory:
        """Return what proves the channel's configuration. Raises EngineError for an unknown channel."""
        genesis_hash = self.instance.channel(channel).genesis_hash
        return ConfigHistory(channel, genesis_hash, self.marks.get(channel))

    @property
    def orderers(self) -> tuple[Node, ...]:
        """Return the orderers as clients take them."""
        return tuple(node_of(each) for each in self.instance.orderers)

    def signer(self, organization: str, user: str = "admin") -> Signer:
        """Return a user of a managed organization. Raises EngineError with the names there are.

        In an access folder that is the person alone, by name, or as `admin` if its role is that.
        """
        if self.person is not None:
            if organization == self.person.organization and user in self.person.users:
                return self.person.signer
            raise self._no_keys(f"{user} of organization {organization}")
        member, keys = self.instance.organization(organization), self.access.user_keys.get(organization, {})
        if user not in member.users or user not in keys:
            known = ", ".join(sorted(member.users.keys() & keys.keys())) or "none: it is managed elsewhere"
            raise EngineError(f"organization {organization} has no user {user!r}", hint=f"It has: {known}.")
        return Signer(
            msp_id=member.msp_id, certificate=member.users[user].encode(), private_key=keys[user].encode()
        )

    def client_tls(self) -> ClientTls:
        """Return the client certificate that the orderers' admin endpoints accept.

        Raises EngineError for an access folder.
        """
        if self.person is not None:
            raise self._no_keys("the orderers' admin endpoints")
        return ClientTls(
            certificate=self.instance.admin_tls_certificate.encode(),
            private_key=self.access.admin_tls_key.encode(),
        )

    def operations_tls(self) -> ClientTls | None:
        """Return the client certificate that the operations endpoints accept; None where they want none."""
        certificate, key = self.instance.operations_tls_certificate, self.access.operations_tls_key
        if certificate is None or key is None:
            return None
        return ClientTls(certificate=certificate.encode(), private_key=key.encode())

    @property
    def tells_versions(self) -> bool:
        """Tell whether nodes say their release: not to somebody who looks, without the client certificate."""
        return self.operations_tls() is not None or self.instance.operations_tls_certificate is None

    def _no_keys(self, what: str) -> EngineError:
        person = self.person
        whose = f", which is of {person.name}, {person.role} of {person.organization}" if person else ""
        return EngineError(
            f"the key of {what} is not in this access folder{whose}",
            hint="Ask for a folder of another role, or run the command with the stack's name where its state "
            "and passphrase are.",
        )

    def reader(self, organization: str) -> Signer:
        """Return who reads from an organization's peers: its administrator, or the access folder's person."""
        return self.person.signer if self.person else self.signer(organization)

    def representatives(self, channel: str) -> tuple[Representative, ...]:
        """Return the organizations that can act for a channel, as the channel lists them.

        An external organization has no keys here and cannot. Raises EngineError if none is left, and for a
        channel that the instance does not have.
        """
        found = self.instance.channel(channel)
        managed = [name for name in found.organizations if self._has_admin(name)]
        if not managed and self.person is not None:
            raise self._no_keys(f"an administrator for channel {channel}")
        if not managed:
            raise EngineError(
                f"channel {channel}: no organization of it has its keys in this stack",
                hint=f"Its organizations are {', '.join(found.organizations)}: act from one of their stacks.",
            )
        return tuple(
            Representative(
                organization=self.instance.organization(name),
                signer=self.signer(name),
                peers=tuple(map(node_of, self.instance.peers_of(name, on=found))),
            )
            for name in managed
        )

    def _has_admin(self, organization: str) -> bool:
        if self.person is not None:
            return (self.person.organization, self.person.role) == (organization, "admin")
        return "admin" in self.access.user_keys.get(organization, {})

    def administrator(self, channel: str, organization: str = "") -> Signer:
        """Return the administrator that acts for a channel: of that organization, else of its first here.

        Raises EngineError as `signer` and `representatives` do.
        """
        return self.signer(organization) if organization else self.representatives(channel)[0].signer

    def channel_reader(self, channel: str) -> Signer:
        """Return who reads a channel from the orderers: its administrator, or the access folder's person.

        Raises EngineError as `representatives` does.
        """
        if self.person is None:
            return self.administrator(channel)
        self.instance.channel(channel)
        return self.person.signer

    def readers(self, channel: str) -> list[tuple[Node, Signer]]:
        """Return the channel's peers, each with who reads from it.

        Raises EngineError as `representatives` does.
        """
        if self.person is None:
            acting = self.representatives(channel)
            return [(peer, each.signer) for each in acting for peer in each.peers]
        found, signer = self.instance.channel(channel), self.person.signer
        return [(node_of(peer), signer) for peer in self.instance.peers if peer.name in found.peers]


def node_of(node: NodeOutput) -> Node:
    """Return a node as clients take it."""
    return Node(
        name=node.name,
        msp_id=node.msp_id,
        host=node.host,
        port=node.port,
        namespace=node.namespace,
        pod=node.pod,
        tls_root_certificates=tuple(root.encode() for root in node.tls_root_certificates),
        admin_port=node.admin_port,
        operations_port=node.operations_port,
    )


def open_network(stack: str, folder: Path) -> Network:
    """Return the network of a stack, from its state; `folder` has the project's Pulumi.yaml.

    A name with a slash is a folder that `heddle access grant` has written: no state is read then.

    Raises EngineError: no such stack, nothing has been deployed yet, or its outputs cannot be read.
    """
    if is_access_folder(stack):
        return network_of_person(Path(stack))
    outputs, channels = read_outputs_and(folder, stack, CHANNEL_TYPE)
    going_on = state_by_others(stack, folder, deployed="instance" in outputs)
    if "instance" not in outputs and going_on is not None:
        raise EngineError(
            f"stack {stack!r} has no network yet: {going_on.state}: {going_on.reason}",
            hint=f"Wait until that has ended: `heddle status {stack} --watch` shows it.",
        )
    return replace(network_of(stack, outputs), marks=kept_marks(channels), going_on=going_on)


def network_of_person(folder: Path) -> Network:
    """Return the network of an access folder, reached with the caller's own kubeconfig."""
    instance, person = read_access_folder(folder)
    access = AccessOutput(version=VERSION, kubeconfig=own_kubeconfig(), user_keys={}, admin_tls_key="")
    return Network(instance=instance, access=access, person=person)


def network_of(stack: str, outputs: Properties) -> Network:
    """Return the network that a stack's outputs describe. Raises EngineError as `open_network` does."""
    if "instance" not in outputs:
        raise EngineError(
            f"stack {stack!r} has no network yet",
            hint=f"Make it: heddle up {stack} (or pulumi up -s {stack}).",
        )
    old = split_old_output(outputs["instance"])
    if old is not None:
        _check_old_encrypted(stack, old[1])
        return Network(
            instance=read_instance(strip_secrets(old[0])), access=read_access(strip_secrets(old[1]))
        )
    found = read_instance(strip_secrets(outputs["instance"]))
    if "access" not in outputs:
        raise EngineError(
            f"stack {stack!r} has no output `access`, which holds the credentials of its network",
            hint=f"An `up` did not finish: run `heddle up {stack}` once more.",
        )
    _check_encrypted(stack, "access", outputs["access"])
    return Network(instance=found, access=read_access(strip_secrets(outputs["access"])))


def _check_encrypted(stack: str, output: str, value: Value) -> None:
    """Refuse credentials in clear: whoever can write the state, without its passphrase, could plant them.

    A kubeconfig may name a command to run.
    """
    if not isinstance(value, Secret):
        raise EngineError(
            f"stack {stack!r}: its output `{output}` is not encrypted, so Heddle did not write it",
            hint=f"Find out who changed the state; then run `heddle up {stack}`, which writes it anew.",
        )


def _check_old_encrypted(stack: str, access: Mapping[str, Any]) -> None:
    """Refuse an old output if one of its credentials is in clear: each was encrypted by itself."""
    found = {"kubeconfig": access["kubeconfig"], "adminTls.privateKey": access["adminTlsKey"]}
    for name, users in access["userKeys"].items():
        found |= {f"organizations.{name}.{user}.privateKey": key for user, key in users.items()}
    for place, value in found.items():
        if value is not None:
            _check_encrypted(stack, f"instance.{place}", value)
