"""Stack files made by chance: valid ones with every option, and such as nobody should write."""

import copy
import datetime as dt
from functools import cache
from typing import Any

from hypothesis import strategies as st

from heddle.identity.authority import new_authority
from heddle.spec.kinds import LARGEST
from heddle.spec.names import (
    CHAINCODE,
    CHANNEL,
    COLLECTION,
    INSTANCE,
    LABEL,
    LABEL_VALUE,
    ORGANIZATION,
    NameRule,
)

File = dict[str, Any]
MIB = 1024 * 1024


def names(rule: NameRule) -> st.SearchStrategy[str]:
    """Names of a rule, the longest among them."""
    text = st.from_regex(rule.pattern, fullmatch=True).filter(rule.allows)
    return st.one_of(text, st.just("a" * rule.longest).filter(rule.allows))


@cache
def certificate() -> str:
    """An authority's certificate, one for all: making keys is slow."""
    return new_authority(common_name="CA", organization="elsewhere").certificate.decode()


def some(**options: st.SearchStrategy[Any]) -> st.SearchStrategy[File]:
    """A mapping with any of these keys."""
    return st.fixed_dictionaries({}, optional=options)


@st.composite
def batches(draw: st.DrawFn) -> File:
    absolute = draw(st.integers(128 * 1024, 49 * MIB))
    return {
        "timeout": draw(st.sampled_from(["1ms", "2s", "1m30s", "1h"])),
        "messages": draw(st.integers(1, min(absolute, 10_000))),
        "preferredMaxBytes": draw(st.integers(1, absolute - 1)),
        "absoluteMaxBytes": absolute,
    }


SETTINGS = some(
    resources=some(
        requests=some(cpu=st.sampled_from(["10m", 1, 0.5]), memory=st.sampled_from(["64Mi", "1Gi"])),
        limits=some(cpu=st.sampled_from(["1", "4"]), memory=st.sampled_from(["1Gi", "8Gi"])),
    ),
    placement=some(
        nodeSelector=st.dictionaries(st.just("pool"), names(LABEL_VALUE)),
        tolerations=st.lists(st.just({"key": "dedicated", "operator": "Exists"}), max_size=2),
        zone=st.just("zone-a"),
    ),
    labels=st.dictionaries(
        names(LABEL).filter(lambda key: not key.startswith(("heddle.dev/", "app.kubernetes.io/"))),
        names(LABEL_VALUE),
        max_size=1,
    ),
)


def indices(counts: list[int]) -> st.SearchStrategy[int | list[int]]:
    """So many nodes, or so many indices from 0 to 8."""
    listed = st.sampled_from(counts).flatmap(
        lambda count: st.lists(st.integers(0, 8), min_size=count, max_size=count, unique=True)
    )
    return st.one_of(st.sampled_from(counts), listed)


def indices_of(said: int | list[int]) -> list[int]:
    """The index of each node."""
    return list(range(said)) if isinstance(said, int) else sorted(said)


@st.composite
def organizations(draw: st.DrawFn, *, domain: bool, consortium: bool) -> list[File]:
    """Up to four, the first of them managed here."""
    wanted = draw(st.lists(names(ORGANIZATION).filter("orderer".__ne__), min_size=1, max_size=4, unique=True))
    found: list[File] = []
    for index, name in enumerate(wanted):
        # Explicit MSP ids: a-1 and a1 have the same default, which the rules refuse.
        msp_id = f"msp-{name}"
        if index and consortium and draw(st.booleans()):
            certificates = [certificate()]
            external = {
                "mspId": msp_id,
                "rootCertificates": certificates,
                "tlsRootCertificates": certificates,
            }
            found.append({"name": name, "external": external})
            continue
        peers = draw(indices([1, 2, 3]))
        organization: File = {"name": name, "mspId": msp_id, "peers": peers}
        if domain:
            organization["ports"] = {"first": 30100 + 20 * index, "count": draw(st.integers(9, 20))}
        found.append(organization)
    return found


@st.composite
def channels(draw: st.DrawFn, members: list[File]) -> list[File]:
    """Up to three, each with at least one member that is managed here."""
    found = []
    for name in draw(st.lists(names(CHANNEL), max_size=3, unique=True)):
        others = draw(st.lists(st.sampled_from(members), unique_by=lambda each: str(each["name"])))
        seats = []
        for each in [members[0], *(other for other in others if other is not members[0])]:
            peers = indices_of(each.get("peers", 0))
            if len(peers) > 0 and draw(st.booleans()):
                joining: list[int] = draw(st.lists(st.sampled_from(peers), min_size=1, unique=True))
                anchors = draw(st.integers(0, len(joining)))
                seats.append({"name": each["name"], "peers": joining, "anchorPeers": anchors})
            else:
                seats.append(each["name"])
        channel = {"name": name, "organizations": seats, **draw(some(batch=batches()))}
        found.append(channel)
    return found


def _principals(organizations: list[str], role: str) -> str:
    return ", ".join(f"'msp-{name}.{role}'" for name in organizations)


def _member_names(channel: File) -> list[str]:
    return [seat if isinstance(seat, str) else seat["name"] for seat in channel["organizations"]]


@st.composite
def collections(draw: st.DrawFn, members: list[str]) -> File:
    chosen = draw(st.lists(st.sampled_from(members), min_size=1, unique=True))
    policy = f"OR({_principals(chosen, 'member')})"
    return {
        "name": draw(names(COLLECTION)),
        **draw(st.sampled_from([{"organizations": chosen}, {"policy": policy}])),
        "maxPeerCount": draw(st.integers(0, 3)),
        "blockToLive": draw(st.integers(0, LARGEST)),
        "memberOnlyRead": draw(st.booleans()),
    }


METADATA = st.dictionaries(
    st.sampled_from([f"META-INF/statedb/couchdb/indexes/{name}.json" for name in ("owner", "a/b", "ä")]),
    st.sampled_from(
        ['{"index": {"fields": ["owner"]}}', '{"index": {"fields": [{"a.b": "desc"}]}, "name": "x"}']
    ),
    min_size=1,
)


def _name(thing: File) -> str:
    return str(thing["name"])


@st.composite
def further_channels(draw: st.DrawFn, channel: File) -> File:
    """An entry that says all itself: what the chaincode says is about the members of another channel."""
    collection = collections(_member_names(channel))
    return {
        "name": channel["name"],
        "endorsement": draw(st.sampled_from(["any", "all", "majority"])),
        "collections": draw(st.lists(collection, max_size=1)),
        **draw(some(sequence=st.integers(1, LARGEST), initRequired=st.booleans())),
    }


@st.composite
def chaincodes(draw: st.DrawFn, on: list[File]) -> list[File]:
    found = []
    for name in draw(st.lists(names(CHAINCODE), max_size=3, unique=True)) if on else []:
        channel, *further = draw(st.lists(st.sampled_from(on), min_size=1, unique_by=_name))
        members = _member_names(channel)
        expression = f"OutOf(1, {_principals(members, 'peer')})"
        words = ["any", "all", "majority", "/Channel/Application/Endorsement", expression]
        found.append(
            {
                "name": name,
                "version": draw(st.sampled_from(["1.0", "2", "1.0.0-rc.1_x+y"])),
                "channel": channel["name"],
                "channels": [draw(further_channels(each)) for each in further],
                "image": draw(st.sampled_from(["x", f"a.example.com:5000/b/c@sha256:{'0' * 64}"])),
                "language": draw(st.sampled_from(["python", "go", "node", "java"])),
                "endorsement": draw(st.sampled_from(words)),
                "collections": draw(
                    st.lists(collections(members), max_size=2, unique_by=lambda each: str(each["name"]))
                ),
                **draw(some(metadata=METADATA)),
            }
        )
    return found


@st.composite
def instances(draw: st.DrawFn) -> File:
    """A valid stack file: the value of `fabric:instance`."""
    domain = draw(st.booleans())
    consortium = domain and draw(st.booleans())
    bft = draw(st.booleans())
    members = draw(organizations(domain=domain, consortium=consortium))
    on = draw(channels(members))
    ordering: File = {
        "type": "bft" if bft else "raft",
        "nodes": draw(indices([4, 5, 7] if bft else [1, 3, 5])),
        "organization": {"ports": {"first": 30000, "count": 10}} if domain else {},
        **draw(some(batch=batches())),
    }
    first = f"orderer{indices_of(ordering['nodes'])[0]}-orderer"
    file: File = {
        "name": draw(names(INSTANCE)),
        "type": "consortium" if consortium else "private",
        "stateDatabase": draw(st.sampled_from(["LevelDB", "CouchDB"])),
        "exposure": draw(st.sampled_from(["NodePort", "LoadBalancer"])),
        "ordering": ordering,
        "organizations": members,
        "channels": on,
        "chaincodes": draw(chaincodes(on)),
        "nodes": draw(some(peer=SETTINGS, orderer=SETTINGS, **{first: SETTINGS})),
    }
    return {**file, "domain": "fabric.example.com"} if domain else file


JUNK: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.integers(min_value=2**63),
        st.floats(),
        st.text(max_size=20),
        st.dates(),
        st.just(dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),
        st.binary(max_size=5),
        st.sampled_from(
            ["", "0", "-1", "1.0", "2s", "1Gi", "any", "OR(", "OR('a.peer')", "a" * 300, "é", "-"]
        ),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(st.text(max_size=8), st.integers()), inner)
    ),
    max_leaves=5,
)
"""Whatever YAML can hold."""


@st.composite
def mutilated(draw: st.DrawFn) -> Any:
    """A stack file with one to four things wrong: other kinds of values, some missing, some too many."""
    file: Any = copy.deepcopy(draw(instances()))
    for _ in range(draw(st.integers(1, 4))):
        file = _broken(draw, file)
    return file


def _broken(draw: st.DrawFn, value: Any) -> Any:
    """The value with one place in it changed: the deeper, the more often."""
    if not isinstance(value, dict | list) or not value or draw(st.integers(0, 9)) == 0:
        return draw(JUNK)
    place = draw(st.sampled_from(sorted(value, key=str) if isinstance(value, dict) else range(len(value))))
    match draw(st.sampled_from(["deeper"] * 6 + ["away", "twice", "key"])):
        case "deeper":
            value[place] = _broken(draw, value[place])
        case "away":
            del value[place]
        case "twice" if isinstance(value, list):
            value.append(copy.deepcopy(value[place]))
        case _ if isinstance(value, dict):
            value[draw(st.one_of(st.text(max_size=8), st.integers(), st.none(), st.booleans()))] = draw(JUNK)
        case _:
            value.insert(0, draw(JUNK))
    return value
