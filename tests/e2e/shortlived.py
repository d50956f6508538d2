"""Run `heddle` with certificates that expire soon, whatever the stack file says.

    python -m tests.e2e.shortlived SECONDS up STACK --yes

A stack file counts validity in days, and a test cannot wait for days.
"""

import sys
from datetime import datetime, timedelta

from heddle.cli.app import main
from heddle.identity import certificate
from heddle.identity.authority import Authority
from heddle.identity.certificate import CertificateRequest

SECONDS = float(sys.argv.pop(1))
_as_asked = certificate._validity


def _soon(authority: Authority, request: CertificateRequest, now: datetime) -> tuple[datetime, datetime]:
    begin, _ = _as_asked(authority, request, now)
    return begin, now + timedelta(seconds=SECONDS)


if __name__ == "__main__":
    certificate._validity = _soon
    main()
