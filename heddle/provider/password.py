"""Make Password: random letters and digits, made once and kept until another one is asked for."""

import secrets
import string

from heddle.plugin.values import UNKNOWN, Properties
from heddle.provider.handler import Call, Plan, Recorded
from heddle.schema.identity import PASSWORD

__all__ = ["PasswordHandler"]

_CHARACTERS = string.ascii_letters + string.digits
"""Letters and digits: a shell, a URL or an ini file reads them as they are."""


class PasswordHandler(Recorded):
    """Make random passwords; see `heddle.schema.identity`."""

    declaration = PASSWORD
    identifier = "password"

    async def plan(self, call: Call) -> Plan:
        """Plan another password, whatever changed."""
        return Plan(outputs={"password": UNKNOWN}, message="another password" if call.id else "")

    async def update(self, call: Call) -> Properties:
        """Make a password, another one each time."""
        return {"password": "".join(secrets.choice(_CHARACTERS) for _ in range(call.inputs["length"]))}
