"""Questions to chaincodes in a drill: what may be asked, and with which packages."""

from base64 import b64encode

import pytest

from heddle.backup.restoring.drillquery import Package, Query, packages_in, read_query
from heddle.errors import BackupError
from heddle.plugin.values import secret
from heddle.state.resource import Resource


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("assets list", ("list",)),
        ("assets get car-1", ("get", "car-1")),
        ("assets query '{\"selector\": {}}'", ("query", '{"selector": {}}')),
        ("assets get ''", ("get", "")),
    ],
)
def test_a_question_is_words_as_in_a_shell(text: str, call: tuple[str, ...]) -> None:
    """It is shown as it can be asked again."""
    query = read_query(text)
    assert query == Query(chaincode="assets", call=call)
    assert read_query(str(query)) == query


@pytest.mark.parametrize(
    ("text", "why"),
    [("", "a chaincode and a function"), ("assets", "a chaincode and"), ("a 'b", "quotation")],
)
def test_what_is_no_question_is_refused(text: str, why: str) -> None:
    with pytest.raises(BackupError, match=why) as refused:
        read_query(text)
    assert "assets get car-1" in (refused.value.hint or "")


def test_peers_get_the_packages_that_they_had() -> None:
    """Of the backup's state, by the peer's name; not those that are about to go."""

    def installed(peer: str, label: str, *, delete: bool = False) -> Resource:
        package = secret(b64encode(label.encode()).decode())
        return Resource(
            urn=f"urn:{peer}:{label}",
            type="heddle:chaincode:ChaincodeInstallation",
            custom=True,
            delete=delete,
            inputs={"peer": {"name": peer}, "label": label, "package": package},
        )

    state = [installed("peer0", "a_1"), installed("peer0", "b_1"), installed("peer1", "a_0", delete=True)]
    assert packages_in(state) == {
        "peer0": [Package(label="a_1", content=b"a_1"), Package(label="b_1", content=b"b_1")]
    }
