"""Make the cluster's network namespace, its link to the machine and the machine's rules for it.

Inside, everything (pods' links, kube-proxy's rules, ports, sysctls) goes with the namespace. Outside there
are one link, whose route leads to the whole block, and rules that carry the cluster's name as a comment.
"""

import json
from collections.abc import Iterable
from ipaddress import IPv4Network
from pathlib import Path
from typing import TypeAlias

from heddle.embedded.kubernetes.addresses import Block
from heddle.embedded.kubernetes.commands import run, succeeds
from heddle.embedded.kubernetes.layout import Layout
from heddle.embedded.kubernetes.machine import find_program
from heddle.errors import LocalKubeError

__all__ = ["connect", "disconnect", "network_leftovers", "routed_networks"]

_Rule: TypeAlias = tuple[str, str, list[str]]
"""Table, chain and the rule itself."""


def routed_networks() -> list[IPv4Network]:
    """Return the networks that this machine has routes to, the default route excepted."""
    routes = json.loads(run("ip", "-json", "-4", "route", "show", "table", "all") or "[]")
    networks = []
    for route in routes:
        destination = route.get("dst", "default")
        if destination != "default":
            networks.append(IPv4Network(destination, strict=False))
    return networks


def connect(layout: Layout, block: Block) -> None:
    """Make the namespace and the link; idempotent, also on the remains of a run that was killed."""
    if not layout.netns.exists():
        run("ip", "netns", "add", layout.mark)
    if not Path("/sys/class/net", layout.outer_link).exists():
        run(
            *("ip", "link", "add", layout.outer_link, "mtu", _mtu(), "type", "veth"),
            *("peer", "name", layout.inner_link, "mtu", _mtu(), "netns", layout.mark),
        )
    prefix = block.link_prefix
    run("ip", "address", "replace", f"{block.gateway}/{prefix}", "dev", layout.outer_link)
    run("ip", "link", "set", layout.outer_link, "up")
    inside = ("ip", "-netns", layout.mark)
    run(*inside, "link", "set", "lo", "up")
    run(*inside, "address", "replace", f"{block.node}/{prefix}", "dev", layout.inner_link)
    run(*inside, "link", "set", layout.inner_link, "up")
    run(*inside, "route", "replace", "default", "via", str(block.gateway))
    run("ip", "route", "replace", str(block.network), "via", str(block.node), "dev", layout.outer_link)
    run("nsenter", f"--net={layout.netns}", "sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
    _delete(_former_rules(layout, block))
    for rule in _rules(layout, block):
        if not succeeds("iptables", "--wait", "10", *_with("--check", rule)):
            run("iptables", "--wait", "10", *_with("--insert", rule))


def disconnect(layout: Layout, block: Block | None) -> None:
    """Remove rules, link and namespace, as far as they are there."""
    if block:
        _delete([*_rules(layout, block), *_former_rules(layout, block)])
    if Path("/sys/class/net", layout.outer_link).exists():
        run("ip", "link", "delete", layout.outer_link)
    if layout.netns.exists():
        run("ip", "netns", "delete", layout.mark)


def _delete(rules: Iterable[_Rule]) -> None:
    for rule in rules:
        while succeeds("iptables", "--wait", "10", *_with("--delete", rule)):
            pass


def network_leftovers(layout: Layout) -> list[str]:
    """Describe what the cluster still has in this machine's network."""
    found = []
    if layout.netns.exists():
        found.append(f"network namespace {layout.mark}")
    if Path("/sys/class/net", layout.outer_link).exists():
        found.append(f"link {layout.outer_link}")
    for table in ("filter", "nat") if find_program("iptables") else ():
        rules = run("iptables", "--wait", "10", "--table", table, "--list-rules")
        found += [f"{table} rule {rule}" for rule in rules.splitlines() if layout.mark in rule.split()]
    return found


def _rules(layout: Layout, block: Block) -> list[_Rule]:
    """Return table, chain and rule: pods go out behind the machine's address, despite Docker's DROP.

    Through this machine only answers come in: other machines could set a route to the block otherwise.
    """
    network = str(block.network)
    comment = ["-m", "comment", "--comment", layout.mark]
    answers = ["-m", "conntrack", "--ctstate", "ESTABLISHED,RELATED"]
    return [
        ("nat", "POSTROUTING", ["-s", network, "!", "-d", network, *comment, "-j", "MASQUERADE"]),
        ("filter", "FORWARD", ["-s", network, *comment, "-j", "ACCEPT"]),
        ("filter", "FORWARD", ["-d", network, *answers, *comment, "-j", "ACCEPT"]),
    ]


def _former_rules(layout: Layout, block: Block) -> list[_Rule]:
    """Return rules of earlier releases, which let others' new connections in as well."""
    comment = ["-m", "comment", "--comment", layout.mark]
    return [("filter", "FORWARD", ["-d", str(block.network), *comment, "-j", "ACCEPT"])]


def _with(verb: str, rule: _Rule) -> list[str]:
    table, chain, words = rule
    return ["--table", table, verb, chain, *words]


def _mtu() -> str:
    """Return the smallest MTU of the default routes' links: a larger packet would be lost on its way out."""
    routes = json.loads(run("ip", "-json", "-4", "route", "show", "default") or "[]")
    sizes = []
    for device in {route["dev"] for route in routes if "dev" in route}:
        try:
            sizes.append(int(Path("/sys/class/net", device, "mtu").read_text()))
        except OSError as error:
            raise LocalKubeError(f"link {device}: its MTU cannot be read: {error}") from error
    return str(min([1500, *sizes]))
