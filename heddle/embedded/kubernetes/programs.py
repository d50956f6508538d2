"""Build the programs that a cluster is made of from their Go modules, once, outside the checkout.

The key of a build is a hash of its sources, go.mod, go.sum and the pinned versions: a changed pin builds
anew, another checkout with the same sources does not.
"""

import hashlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from heddle.embedded.kubernetes.components import Programs
from heddle.embedded.kubernetes.machine import find_program
from heddle.embedded.kubernetes.record import waiting_lock
from heddle.errors import LocalKubeError
from heddle.paths import cache_dir
from heddle.text import counted
from heddle.versions import COREDNS, KUBERNETES

__all__ = ["built", "ensure_built"]

_SOURCES = Path(__file__).parent / "programs"
_NAMES = ("pause", "coredns", "kube")

Said = Callable[[str], None]


def built() -> Programs | None:
    """Return the programs, if all are built."""
    paths = {name: _path(name) for name in _NAMES}
    if not all(path.exists() for path in paths.values()):
        return None
    key = hashlib.sha256("".join(path.name for path in paths.values()).encode()).hexdigest()[:16]
    return Programs(key=key, **paths)


def ensure_built(say: Said) -> Programs:
    """Build the programs unless they are there: some four minutes on two idle processors, once.

    `say` gets what is being done, several times a second.

    Raises:
        LocalKubeError: the build failed, with Go's last words.
    """
    if programs := built():
        return programs
    say("waiting for another build, if there is one")
    with waiting_lock(cache_dir() / "programs" / ".lock"):
        for name in _NAMES:
            if not _path(name).exists():
                _build(name, say)
    programs = built()
    assert programs is not None  # noqa: S101 - every build ended with its file in place
    return programs


def _path(name: str) -> Path:
    digest = hashlib.sha256(f"{KUBERNETES} {COREDNS} {os.uname().machine}".encode())
    for source in sorted((_SOURCES / name).iterdir()):
        if source.suffix in (".go", ".mod", ".sum"):
            digest.update(source.name.encode() + source.read_bytes())
    return cache_dir() / "programs" / f"{name}-{digest.hexdigest()[:16]}"


def _build(name: str, say: Said) -> None:
    """Build one program and put it in place in one step. Its compiler ends when this program does."""
    path, source = _path(name), _SOURCES / name
    say(f"downloading the modules of {name}")
    # Listing what is needed downloads that and no more; `go mod download` takes what tests need, too.
    lines = _go(source, ["list", "-deps", "."], lambda line, _: say(f"{name}: {line}"))
    total = len([line for line in lines if " " not in line])
    say(f"building {name}: {counted(total, 'package')}")
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".build-") as folder:
        new = Path(folder) / name
        flags = ["-v", "-trimpath", "-buildvcs=false", "-mod=readonly", f"-ldflags={_link_flags()}"]
        _go(
            source,
            ["build", *flags, "-o", str(new), "."],
            lambda _, count: say(f"building {name}: {count} of {counted(total, 'package')}"),
        )
        new.replace(path)


def _link_flags() -> str:
    """Return flags that leave out symbols, and set the version that Kubernetes reports (else v0.0.0)."""
    major, minor, _ = KUBERNETES.split(".")
    version = "k8s.io/component-base/version"
    values = {"gitVersion": f"v{KUBERNETES}", "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    return " ".join(["-s", "-w", *(f"-X {version}.{key}={value}" for key, value in values.items())])


def _go(source: Path, words: list[str], said: Callable[[str, int], None]) -> list[str]:
    """Run `go` in `source` and return its lines, each of which goes to `said` with its number.

    Raises:
        LocalKubeError: it failed; with its last lines.
    """
    go, setpriv = find_program("go"), find_program("setpriv")
    if go is None:
        raise LocalKubeError("go: not found on this machine")
    dies_with_us = [setpriv, "--pdeathsig", "KILL"] if setpriv else []
    process = subprocess.Popen(
        [*dies_with_us, go, "-C", str(source), *words],
        env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines: list[str] = []
    with process:
        try:
            for line in process.stdout or ():
                lines.append(line.rstrip())
                said(lines[-1], len(lines))
        except BaseException:
            # Ctrl-C in a terminal reaches Go as well, a signal to this process alone does not. Go then
            # removes its working folder; what it has compiled stays in its cache for the next time.
            process.send_signal(signal.SIGINT)
            raise
    if process.returncode != 0:
        sentences = [line for line in lines if " " in line]  # the others are packages' names
        raise LocalKubeError(
            f"go {words[0]} in {source.name}: exit code {process.returncode}\n" + "\n".join(sentences[-20:]),
            hint="the modules come from GOPROXY (go env GOPROXY); once built, no network is needed",
        )
    return lines
