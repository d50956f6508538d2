"""Describe where backups of an instance are kept, for how long, and who can read them."""

from typing import Annotated

from pydantic import AfterValidator
from pyrage import RecipientError, x25519

from heddle.schedules import read_schedule
from heddle.spec.kinds import between
from heddle.spec.model import Section, refused

_SCHEMES = ("file", "s3", "gs", "az")


def check_target(value: str) -> str:
    """Return a folder or the URL of a bucket. Raises PydanticCustomError for anything else."""
    scheme, mark, rest = value.partition("://")
    if not value.strip() or "@" in value or (mark and (scheme not in _SCHEMES or not rest.strip("/"))):
        raise refused(
            "a folder, or a bucket as s3://BUCKET/PREFIX, gs://… or az://…",
            "Credentials of a bucket stand in the environment, never here.",
        )
    return value


def check_schedule(value: str) -> str:
    """Return a cron line. Raises PydanticCustomError for anything else."""
    try:
        read_schedule(value)
    except ValueError as error:
        raise refused(f"a cron line in UTC, as 45 2 * * * ({error})") from None
    return value


def check_recipient(value: str) -> str:
    """Return a public key of age. Raises PydanticCustomError for anything else."""
    try:
        return str(x25519.Recipient.from_str(value))
    except RecipientError:
        raise refused("a public key of age, age1…, as `age-keygen` prints it") from None


class Backup(Section):
    """Backups that `heddle backup create` makes. Changing this changes nothing in the cluster."""

    target: Annotated[str, AfterValidator(check_target)]
    """Folder, or bucket as s3://BUCKET/PREFIX, for the backups of this instance and of others; a relative
    folder starts at the project's. Credentials of a bucket come from the environment."""
    keep: Annotated[int, *between(1, 1000)] = 20
    """Backups that are kept: `heddle backup create` removes older ones once a new one is good."""
    schedule: Annotated[str, AfterValidator(check_schedule)] | None = None
    """When backups are to be made, a cron line in UTC: `heddle backup schedule` prints what the machine with
    the state needs for it, and `heddle status` says when one is overdue. Default: when somebody makes one."""
    encrypt_to: tuple[Annotated[str, AfterValidator(check_recipient)], ...] = ()
    """Public keys of age, as `age-keygen` prints them: who has one of the private keys can read the backups.
    Default: they are not encrypted, but for the secrets of the state."""
