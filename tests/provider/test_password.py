"""Passwords: made once, secret, another one only when asked for."""

from heddle.plugin.values import Secret
from tests.provider.harness import Engine

PASSWORD = "heddle:identity:Password"


async def test_a_password_is_made_once_and_kept() -> None:
    """Letters and digits; no run makes another by itself."""
    engine = Engine()
    first = (await engine.up(PASSWORD, "one", {}))["password"]

    assert len(first) == 32
    assert first.isalnum()
    assert (await engine.up(PASSWORD, "one", {}))["password"] == first
    assert (await engine.up(PASSWORD, "two", {}))["password"] != first
    assert isinstance(engine.outputs["one"]["password"], Secret)


async def test_another_one_is_asked_for_by_a_number() -> None:
    """The preview says so, and tells neither of them."""
    engine = Engine()
    first = (await engine.up(PASSWORD, "one", {}))["password"]

    _, message = await engine.preview(PASSWORD, "one", {"renewal": 1})
    assert message == "another password"
    assert (await engine.up(PASSWORD, "one", {"renewal": 1}))["password"] != first
