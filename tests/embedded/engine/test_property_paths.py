"""Property paths: what ignoring a change keeps."""

from heddle.embedded.engine.property_paths import reset
from heddle.plugin.values import Secret, has_secret


def test_an_old_value_that_was_secret_stays_secret() -> None:
    """Ignoring a change within a map gives its old content back; that was secret, and is never in clear."""
    new, lost = reset({"data": {"a": "new"}}, {"data": Secret({"a": "old"})}, ["data.a"])
    assert has_secret(new["data"])
    assert lost == ()
