"""Build the two images: stand-in nodes, and the sample chaincode."""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import heddle
from heddle.embedded.fabric.images.interpreter import (
    PACKAGES,
    PYTHON,
    compiled,
    distribution,
    interpreter,
    library_path,
)
from heddle.images.archive import Entry, File, Folder, Image, file_tools, write_image
from heddle.versions import SAMPLE_CHAINCODE_IMAGE, STANDIN_IMAGE

__all__ = ["build_sample_chaincode", "build_standin"]

_HEDDLE = Path(heddle.__file__).parent
_USER = 1000
_MODULES = (
    "__init__.py",
    "calls.py",
    "durations.py",
    "errors.py",
    "protobuf.py",
    "quantities.py",
    "quorum.py",
    "releases.py",
    "text.py",
    "versions.py",
    "identity",
    "configtx",
    "ledgerfiles",
    "settings",
    "embedded/__init__.py",
    "embedded/fabric",
)
"""The modules of Heddle that the stand-ins import."""
_SCRIPT = "#!{python} -I\nfrom heddle.embedded.fabric.{node}.__main__ import main\n\nmain()\n"
_CHAINCODE = (
    "__init__.py",
    "embedded/__init__.py",
    "embedded/fabric/__init__.py",
    "embedded/fabric/chaincode",
)
"""The modules of Heddle that the sample chaincode imports: its own."""


def build_standin(archive: Path) -> str:
    """Write the stand-in image; returns its id. Commands `peer node start`, `orderer`. Raises ImageError."""
    base = (*_base("cryptography", "PyYAML", "h11"), *file_tools())
    own = (
        # The parts that build images and the chaincode stay on the machine that builds.
        *_own_code(_MODULES, without=("embedded/fabric/images", "embedded/fabric/chaincode")),
        *(
            File(
                path=f"/usr/local/bin/{node}",
                content=_SCRIPT.format(python=PYTHON, node=node).encode(),
                mode=0o755,
            )
            for node in ("peer", "orderer")
        ),
        Folder(path="/var/hyperledger/production", owner=_USER),
        Folder(path="/etc/hyperledger/fabric"),
    )
    image = _image(
        STANDIN_IMAGE,
        (base, own),
        title="Heddle's stand-in for a Fabric peer or orderer: no consensus safety, no durability",
        environment=(("FABRIC_CFG_PATH", "/etc/hyperledger/fabric"),),
    )
    return write_image(image, archive)


def build_sample_chaincode(archive: Path) -> str:
    """Write the sample chaincode's image; returns its id. It starts the service. Raises ImageError."""
    base = tuple(_base("fabric-chaincode-python"))
    image = _image(
        SAMPLE_CHAINCODE_IMAGE,
        (base, tuple(_own_code(_CHAINCODE))),
        title="Heddle's sample chaincode: a small asset ledger",
        entrypoint=(PYTHON, "-I", "-m", "heddle.embedded.fabric.chaincode.assets"),
    )
    return write_image(image, archive)


def _image(
    name: str,
    layers: tuple[tuple[Entry, ...], ...],
    *,
    title: str,
    entrypoint: tuple[str, ...] = (),
    environment: tuple[tuple[str, str], ...] = (),
) -> Image:
    variables = [("PATH", "/usr/local/bin"), *environment]
    libraries = library_path(layers[0])
    if libraries:
        variables.append(("LD_LIBRARY_PATH", libraries))
    return Image(
        name=name,
        layers=layers,
        entrypoint=entrypoint,
        environment=tuple(variables),
        user=f"{_USER}:{_USER}",
        labels=(
            ("org.opencontainers.image.title", title),
            ("heddle.stand-in", "true" if name == STANDIN_IMAGE else "false"),
        ),
    )


def _base(*packages: str) -> Iterator[Entry]:
    """Yield what changes rarely: the interpreter, gRPC, Fabric's messages, and more packages."""
    yield from _system_files()
    yield from interpreter()
    for name in ("grpcio", "protobuf", "typing_extensions", "hyperledger-fabric-protos", *packages):
        yield from distribution(name)
    if "cryptography" in packages:
        # Its Rust part loads cffi's backend, and nothing else of cffi.
        yield from distribution("cffi", only=("_cffi_backend",))


def _system_files() -> Iterator[Entry]:
    # Without this file glibc asks DNS before /etc/hosts.
    yield File(path="/etc/nsswitch.conf", content=b"hosts: files dns\n")
    yield File(path="/etc/passwd", content=f"heddle:x:{_USER}:{_USER}:heddle:/:/bin/false\n".encode())
    yield File(path="/etc/group", content=f"heddle:x:{_USER}:\n".encode())
    yield Folder(path="/tmp", mode=0o1777)  # noqa: S108  a folder of the image


def _own_code(names: Iterable[str], *, without: Collection[str] = ()) -> Iterator[Entry]:
    """Yield modules and packages of Heddle, by their paths below it."""
    left_out = {_HEDDLE / name for name in without}
    for name in names:
        place = _HEDDLE / name
        paths = sorted(place.rglob("*.py")) if place.is_dir() else [place]
        kept = [path for path in paths if not left_out & set(path.parents)]
        yield from compiled((path, f"{PACKAGES}/heddle/{path.relative_to(_HEDDLE)}") for path in kept)
