"""Password: random letters and digits, made once and kept until another one is asked for."""

import secrets
import string

from heddle.plugin.values import UNKNOWN, Properties
from heddle.provider.handler import Call, Created, Handler, Plan, Seen
from heddle.schema.identity import PASSWORD

__all__ = ["PasswordHandler"]

_CHARACTERS = string.ascii_letters + string.digits
"""Letters and digits: a shell, a URL or an ini file reads them as they are."""


class PasswordHandler(Handler):
    """Make random passwords; see `heddle.schema.identity`."""

    declaration = PASSWORD

    async def plan(self, call: Call) -> Plan:
        """Plan another password, whatever changed."""
        return Plan(outputs={"password": UNKNOWN}, message="another password" if call.id else "")

    async def create(self, call: Call) -> Created:
        """Make a password. The id tells nothing of it."""
        return Created(id="password", outputs=_made(call))

    async def update(self, call: Call) -> Properties:
        """Make another password, whatever changed."""
        return _made(call)

    async def read(self, call: Call) -> Seen:
        """Return the outputs of the state: nothing outside it holds any."""
        return Seen(outputs={"password": call.old_outputs["password"]})


def _made(call: Call) -> Properties:
    return {"password": "".join(secrets.choice(_CHARACTERS) for _ in range(call.inputs["length"]))}
