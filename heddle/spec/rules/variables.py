"""Check variables of peers and orderers: none that Heddle sets, none that a node ends with."""

import re
from collections.abc import Iterator

from heddle.spec.problems import Problem
from heddle.spec.rules.reading import Data, Place, problem, section
from heddle.spec.rules.watching import WATCHERS

_OWN = {
    "FABRIC_CFG_PATH",
    "GOMEMLIMIT",
    # Another database or folder than that of the claim would be one without the ledger.
    "CORE_LEDGER_SNAPSHOTS_ROOTDIR",
    "CORE_LEDGER_STATE_STATEDATABASE",
    "CORE_LEDGER_STATE_COUCHDBCONFIG_PASSWORD",
    "CORE_PEER_FILESYSTEMPATH",
    "ORDERER_CONSENSUS_SNAPDIR",
    "ORDERER_CONSENSUS_WALDIR",
    "ORDERER_FILELEDGER_LOCATION",
    # Names, ports, keys and identities that Services, certificates and channels know the node by.
    "CORE_OPERATIONS_LISTENADDRESS",
    "CORE_PEER_ADDRESS",
    "CORE_PEER_ID",
    "CORE_PEER_LISTENADDRESS",
    "CORE_PEER_LOCALMSPID",
    "CORE_PEER_MSPCONFIGPATH",
    "CORE_PEER_TLS_CERT_FILE",
    "CORE_PEER_TLS_ENABLED",
    "CORE_PEER_TLS_KEY_FILE",
    "CORE_PEER_TLS_ROOTCERT_FILE",
    "ORDERER_ADMIN_LISTENADDRESS",
    "ORDERER_CHANNELPARTICIPATION_ENABLED",
    "ORDERER_GENERAL_BOOTSTRAPMETHOD",
    "ORDERER_GENERAL_LISTENADDRESS",
    "ORDERER_GENERAL_LISTENPORT",
    "ORDERER_GENERAL_LOCALMSPDIR",
    "ORDERER_GENERAL_LOCALMSPID",
    "ORDERER_GENERAL_TLS_CERTIFICATE",
    "ORDERER_GENERAL_TLS_ENABLED",
    "ORDERER_GENERAL_TLS_PRIVATEKEY",
    "ORDERER_OPERATIONS_LISTENADDRESS",
}
_LOGGING = "FABRIC_LOGGING_SPEC"
_LEVELS = (
    "debug",
    "info",
    "warning",
    "warn",
    "error",
    "panic",
    "fatal",
    "dpanic",
    "payload",
    "notice",
    "critical",
)
_LOGGER = re.compile(r"[A-Za-z0-9_#-]+(?:\.[A-Za-z0-9_#-]+)*\.?", re.ASCII)


def broken_variables(said: Data, place: Place, key: str, chaincodes: set[str]) -> Iterator[Problem]:
    """Yield problems with variables in the settings of a kind or a node; `key` is its name there."""
    for kind in ("environment", "secretEnvironment"):
        yield from _taken(section(said, kind), (*place, kind), key, chaincodes)
    yield from said_twice(said, place)
    logging = section(said, "environment").get(_LOGGING)
    if isinstance(logging, str) and not _is_logging(logging):
        levels = ", ".join(_LEVELS[:5])
        allowed = f"levels ({levels}, …), each for all or for loggers, as gossip,ledger=warning:info"
        at = (*place, "environment", _LOGGING)
        yield problem(at, logging, allowed, "A node that cannot read it does not start.")


def said_twice(owner: Data, place: Place) -> Iterator[Problem]:
    """Yield a problem for each variable that has a value in the file and one in a Secret."""
    plain = section(owner, "environment")
    for name in (each for each in section(owner, "secretEnvironment") if each in plain):
        allowed = "in environment or in secretEnvironment, not in both"
        yield problem((*place, "secretEnvironment", name), name, allowed)


def _taken(variables: Data, place: Place, key: str, chaincodes: set[str]) -> Iterator[Problem]:
    """Report variables of pods that take none, and variables that Heddle sets itself."""
    if variables and key in chaincodes:
        there = f"chaincodes[].{place[-1]}"
        yield problem(place, variables, f"nothing: variables of a chaincode are in {there}")
    elif variables and (key.startswith("couchdb") or key in WATCHERS):
        yield problem(place, variables, "nothing: only peers and orderers take variables")
    else:
        for name, value in variables.items():
            if name in _OWN:
                yield problem((*place, name), value, "nothing: Heddle sets this variable itself")


def _is_logging(spec: str) -> bool:
    """Tell whether Fabric's nodes can read a logging specification.

    A level is in capital or in small letters. Source: common/flogging of fabric-lib-go, ActivateSpec in
    loggerlevels.go and nameToLevel in levels.go.
    """
    for field in spec.split(":"):
        loggers, equals, level = field.rpartition("=")
        if not equals and not field:
            continue
        if level.lower() not in _LEVELS or level not in (level.lower(), level.upper()):
            return False
        if equals and not all(_LOGGER.fullmatch(each) for each in loggers.split(",")):
            return False
    return True
