"""Running a Network under Pulumi's mocks and keeping what it declared."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks

from components.network import Network, NetworkArgs
from heddle.spec.load import parse_instance
from heddle.topology import plan

KUBECONFIG = "apiVersion: v1\nkind: Config\n"
SECRET = "4dabf18193072939515e22adb298388d"
"""The key that marks a secret on Pulumi's wire."""
HASH = "0123456789abcdef" * 4


@dataclass(frozen=True)
class Declared:
    """One registered resource, its inputs resolved, secrets in clear."""

    type: str
    name: str
    inputs: dict[str, Any]


@dataclass
class Recorder(Mocks):
    """Answers as providers would, as far as components look."""

    declared: list[Declared] = field(default_factory=list)
    options: dict[str, pulumi.ResourceOptions] = field(default_factory=dict)
    """Of every resource, by name."""
    instance: dict[str, Any] = field(default_factory=dict)
    """The stack's output `instance`, resolved."""
    access: dict[str, Any] = field(default_factory=dict)
    """The stack's output `access`, resolved."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.declared.append(Declared(args.typ, args.name, _plain(args.inputs)))
        return f"{args.name}-id", {**args.inputs, **outputs_of(args)}

    def call(self, args: MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"a component asked a question: {args.token}")

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        """Inputs of every resource of a type (its last part), by name."""
        return {each.name: each.inputs for each in self.declared if each.type.split(":")[-1] == kind}

    def objects(self) -> dict[str, dict[str, Any]]:
        """Inputs of every Kubernetes object, by name in the state."""
        return {each.name: each.inputs for each in self.declared if each.type.startswith("kubernetes:")}

    def position(self, name: str) -> int:
        """When a resource was registered: after everything it waits for."""
        return [each.name for each in self.declared].index(name)

    def remember(self, args: pulumi.ResourceTransformationArgs) -> None:
        """A transformation that changes nothing."""
        self.options[args.name] = args.opts


def _plain(value: Any) -> Any:
    """A value as it was before it was marked secret."""
    if isinstance(value, dict):
        return (
            _plain(value["value"]) if SECRET in value else {key: _plain(each) for key, each in value.items()}
        )
    return [_plain(each) for each in value] if isinstance(value, list) else value


def outputs_of(args: MockResourceArgs) -> dict[str, Any]:
    """What a provider adds to the inputs."""
    match args.typ.split(":")[-1]:
        case "CertificateAuthority":
            certificate = (args.inputs.get("chain") or [f"cert of {args.name}"])[0]
            return {"certificate": certificate, "privateKey": f"key of {args.name}"}
        case "Certificate":
            given_up = [{"serial": "3fa1", "expires": "then"}] if args.inputs.get("rekey") else None
            pair = {"certificate": f"cert of {args.name}", "privateKey": f"key of {args.name}"}
            # An earlier release's state does not say what was given up; the first time, None was.
            return {**pair, "serialNumber": f"serial of {args.name}", "superseded": given_up}
        case "RevocationList":
            return {
                "revocationList": f"list of {args.name}",
                "revocations": args.inputs.get("superseded", []),
            }
        case "AuthorityExchange":
            generations, issuing = args.inputs["generations"], args.inputs["issuing"]
            pair = next(each for each in generations if each["generation"] == issuing)
            identities = [[each["certificate"], *each.get("issuers", ())] for each in generations]
            servers = [[each["tlsCertificate"], *each.get("tlsIssuers", ())] for each in generations]
            return {
                **{name: pair[name] for name in ("certificate", "tlsCertificate")},
                **{name: pair[name] for name in ("privateKey", "tlsPrivateKey")},
                "rootCertificates": _distinct(chain[-1:] for chain in identities),
                "tlsRootCertificates": _distinct(chain[-1:] for chain in servers),
                "intermediateCertificates": _distinct(chain[:-1] for chain in identities),
                "tlsIntermediateCertificates": _distinct(chain[:-1] for chain in servers),
                "bridges": [f"bridge of {args.name}"],
            }
        case "Channel":
            return {"genesisBlock": "AA==", "genesisHash": "00ff", "sequence": 0, "applied": "AA=="}
        case "ChaincodePackage":
            return {"packageId": f"{args.inputs['label']}:{HASH}", "package": "AA=="}
        case "Service":
            spec = args.inputs["spec"]
            ports = [{**port, "nodePort": 30000 + index} for index, port in enumerate(spec["ports"])]
            balancer = {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}
            return {
                "spec": {**spec, "ports": ports},
                "status": balancer if spec["type"] == "LoadBalancer" else {},
            }
        case "Password":
            return {"password": f"password of {args.name}"}
        case _:
            return {}


def _distinct(chains: Iterable[list[str]]) -> list[str]:
    return list(dict.fromkeys(each for chain in chains for each in chain))


def record(data: dict[str, Any], *, public_address: str = "") -> Recorder:
    """What a Network of a stack file declares."""
    instance = parse_instance(data, source="test")
    recorder = Recorder()

    def build() -> None:
        network = Network(
            instance.name,
            NetworkArgs(
                instance=instance,
                topology=plan(instance, public_address=public_address),
                kubeconfig=KUBECONFIG,
                cluster_identifier="test",
            ),
            pulumi.ResourceOptions(transformations=[recorder.remember]),
        )
        pulumi.Output.from_input(network.instance).apply(recorder.instance.update)
        network.access.apply(recorder.access.update)

    # The SDK takes the thread's loop; after an asynchronous test of another file there is none.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        pulumi.runtime.set_mocks(recorder, project="fabric", stack="dev", preview=False)
        pulumi.runtime.test(build)()  # type: ignore[no-untyped-call] # the SDK does not type it
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    return recorder
