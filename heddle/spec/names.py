"""Define the names a user may choose, each with its rule in words, for stack files and the command line.

Lengths keep every derived Kubernetes name within 63 characters (heddle.topology, which tests it).
"""

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, WithJsonSchema

from heddle.spec.model import refused


@dataclass(frozen=True, kw_only=True)
class NameRule:
    """A rule for names. `pattern` matches whole names, `words` says the same to people."""

    pattern: str
    shortest: int = 1
    longest: int
    words: str
    noun: str = "name"
    """The rule's name for a message where the rule itself would be too long."""

    def allows(self, value: str) -> bool:
        """Tell whether the name follows the rule."""
        return self.shortest <= len(value) <= self.longest and re.fullmatch(self.pattern, value) is not None

    def check(self, value: str) -> str:
        """Return the name. Raises PydanticCustomError with the rule in words."""
        if not self.allows(value):
            raise refused(self.words)
        return value

    def json_schema(self) -> dict[str, Any]:
        """Return the rule as JSON Schema."""
        return {
            "type": "string",
            "pattern": f"^(?:{self.pattern})$",
            "minLength": self.shortest,
            "maxLength": self.longest,
        }


# apimachinery pkg/util/validation IsDNS1123Subdomain: no label is empty, begins or ends with -
_SUBDOMAIN = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*"
_LABEL = r"[a-z](?:[a-z0-9-]*[a-z0-9])?"

INSTANCE = NameRule(
    pattern=_LABEL, longest=24, words="1 to 24 of a–z, 0–9 and -; starts with a letter, no - at the end"
)
# Not one that every cluster has: `up` would close it to all that is not opened, and `destroy` delete it.
NAMESPACE = NameRule(
    pattern=r"(?!kube-|default$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?",
    longest=63,
    words="1 to 63 of a–z, 0–9 and -; no - at either end (a Kubernetes namespace), not default, not kube-…",
)
ORGANIZATION = NameRule(
    pattern=_LABEL,
    longest=30,
    words="1 to 30 of a–z, 0–9 and -; starts with a letter, no - at the end",
    noun="organization",
)
# Fabric's configuration keys (common/configtx/validator.go): the MSP id is the organization's key there.
MSP_ID = NameRule(
    pattern=r"(?!\.{1,2}$)[a-zA-Z0-9.-]+",
    longest=249,
    words="1 to 249 of a–z, A–Z, 0–9, . and -; not . or .. alone",
)
CHANNEL = NameRule(
    pattern=r"[a-z][a-z0-9.-]*",
    longest=249,
    words="1 to 249 of a–z, 0–9, . and -; starts with a lower-case letter",
)
# core/chaincode/lifecycle/scc.go ChaincodeNameRegExp, systemChaincodeNames. No longest there; files have.
CHAINCODE = NameRule(
    pattern=r"(?!(?:cscc|escc|lscc|qscc|vscc)$)[a-zA-Z0-9]+(?:[-_][a-zA-Z0-9]+)*",
    longest=100,
    words="1 to 100 of a–z, A–Z and 0–9, single - or _ between them; not cscc, escc, lscc, qscc, vscc",
)
# core/chaincode/lifecycle/scc.go ChaincodeVersionRegExp
CHAINCODE_VERSION = NameRule(
    pattern=r"[A-Za-z0-9_.+-]+", longest=64, words="1 to 64 of a–z, A–Z, 0–9, _ . + and -"
)
# core/chaincode/lifecycle/scc.go collectionNameRegExp
COLLECTION = NameRule(
    pattern=r"[A-Za-z0-9-][A-Za-z0-9_-]*",
    longest=249,
    words="1 to 249 of a–z, A–Z, 0–9, _ and -; does not start with _",
)
STORAGE_CLASS = NameRule(
    pattern=_SUBDOMAIN,
    longest=253,
    words="name of a StorageClass: 1 to 253 of a–z, 0–9, . and -; no . or - at either end or beside a .",
)
SECRET = NameRule(
    pattern=_SUBDOMAIN,
    longest=253,
    words="name of a Kubernetes Secret: 1 to 253 of a–z, 0–9, . and -; no . or - at either end or beside a .",
    noun="name of a Secret",
)
# apimachinery pkg/util/validation IsConfigMapKey
SECRET_KEY = NameRule(
    pattern=r"(?!\.$|\.\.)[A-Za-z0-9._-]+",
    longest=253,
    words="key of a Kubernetes Secret: 1 to 253 of a–z, A–Z, 0–9, ., - and _; not . alone, not .. in front",
    noun="key of a Secret",
)
# apimachinery pkg/util/validation IsQualifiedName, IsValidLabelValue; pkg/apis/core/validation EnvVar names
LABEL = NameRule(
    pattern=rf"(?:(?=[^/]{{1,253}}/){_SUBDOMAIN}/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]{{0,61}}[A-Za-z0-9])?",
    longest=317,
    words="a label's key: perhaps a DNS domain and /, then 1 to 63 of a–z, A–Z, 0–9, ., - and _",
    noun="label",
)
LABEL_VALUE = NameRule(
    pattern=r"(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?)?",
    shortest=0,
    longest=63,
    words="a label's value: at most 63 of a–z, A–Z, 0–9, ., - and _; begins and ends with a letter or digit",
    noun="value",
)
VARIABLE = NameRule(
    pattern=r"[A-Za-z_][A-Za-z0-9_]*",
    longest=250,
    words="a variable's name: a–z, A–Z, 0–9 and _; does not start with a digit",
    noun="variable",
)
RECEIVER = NameRule(
    pattern=r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?",
    longest=40,
    words="1 to 40 of a–z, 0–9 and -; no - at either end",
)
_DNS_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# The last label begins with a letter: 192.0.2.1 is an address.
DOMAIN = NameRule(
    pattern=rf"(?:{_DNS_LABEL}\.)*(?=[a-z]){_DNS_LABEL}",
    longest=180,
    words="a DNS domain in lower case, at most 180 characters, 63 between two dots",
)


def named(rule: NameRule) -> tuple[AfterValidator, WithJsonSchema]:
    """Return what makes `str` a name of that rule: `Annotated[str, *named(RULE)]`."""
    return AfterValidator(rule.check), WithJsonSchema(rule.json_schema())


InstanceName = Annotated[str, *named(INSTANCE)]
Namespace = Annotated[str, *named(NAMESPACE)]
OrganizationName = Annotated[str, *named(ORGANIZATION)]
MspId = Annotated[str, *named(MSP_ID)]
ChannelName = Annotated[str, *named(CHANNEL)]
ChaincodeName = Annotated[str, *named(CHAINCODE)]
ChaincodeVersion = Annotated[str, *named(CHAINCODE_VERSION)]
Domain = Annotated[str, *named(DOMAIN)]
CollectionName = Annotated[str, *named(COLLECTION)]
Label = Annotated[str, *named(LABEL)]
LabelValue = Annotated[str, *named(LABEL_VALUE)]
Variable = Annotated[str, *named(VARIABLE)]
StorageClass = Annotated[str, *named(STORAGE_CLASS)]
ReceiverName = Annotated[str, *named(RECEIVER)]
SecretName = Annotated[str, *named(SECRET)]
SecretKeyName = Annotated[str, *named(SECRET_KEY)]
