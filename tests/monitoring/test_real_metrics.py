"""Real nodes say today what was recorded of them: no name, type or label has gone or changed."""

from pathlib import Path

import pytest

from tests.monitoring.scrapes import BY_CHANCE, recorded, scrape_network

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]


@pytest.mark.parametrize("bft", [False, True], ids=["raft", "bft"])
def test_the_recording_is_what_nodes_say(tmp_path: Path, *, bft: bool) -> None:
    known = recorded()
    for kind, found in scrape_network(tmp_path, bft=bft).items():
        expected = {
            name: shape for name, shape in known[kind].items() if name not in BY_CHANCE - found.keys()
        }
        assert found == expected, kind
