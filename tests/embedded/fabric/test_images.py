"""The images of stand-ins and sample chaincode."""

import json
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path
from typing import Any

import heddle
from heddle.embedded.fabric.images import build_sample_chaincode, build_standin
from heddle.versions import SAMPLE_CHAINCODE_IMAGE, STANDIN_IMAGE


def _read(archive: Path) -> tuple[dict[str, Any], set[str]]:
    """The configuration with its name, and the paths of all layers."""
    with tarfile.open(archive) as tar:
        manifest = json.load(tar.extractfile("manifest.json"))[0]  # type: ignore[arg-type]  # it is a file
        config = json.load(tar.extractfile(manifest["Config"]))  # type: ignore[arg-type]  # it is a file
        names: set[str] = set()
        for layer in manifest["Layers"]:
            with tarfile.open(fileobj=tar.extractfile(layer)) as inner:
                names.update(inner.getnames())
    return {**config["config"], "name": manifest["RepoTags"][0]}, names


def _imported() -> set[str]:
    """The files of Heddle and of other packages that the stand-ins load, relative to where packages are."""
    program = (
        "import sys\n"
        "before = set(sys.modules)  # of the environment, not of the stand-ins\n"
        "import heddle.embedded.fabric.orderer.__main__, heddle.embedded.fabric.peer.__main__\n"
        "loaded = [m for n, m in sys.modules.items() if n not in before]\n"
        "print(*(m.__file__ for m in loaded if getattr(m, '__file__', None)), sep='\\n')"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    paths = [Path(line) for line in found.stdout.splitlines()]
    own, others = Path(heddle.__file__).parent, Path(sysconfig.get_path("purelib"))
    return {str(path.relative_to(own.parent)) for path in paths if path.is_relative_to(own)} | {
        str(path.relative_to(others)) for path in paths if path.is_relative_to(others)
    }


def test_the_stand_in_image(tmp_path: Path) -> None:
    """Under a name and label of its own, for uid 1000, with both commands, compiled, and nothing of tests."""
    build_standin(tmp_path / "image.tar")
    config, names = _read(tmp_path / "image.tar")
    assert config["name"] == STANDIN_IMAGE
    assert config["Labels"]["heddle.stand-in"] == "true"
    assert config["User"] == "1000:1000"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = f"usr/local/lib/{version}/site-packages"
    assert {"usr/local/bin/peer", "usr/local/bin/orderer", f"usr/local/bin/{version}"} <= names
    assert f"{packages}/heddle/embedded/fabric/orderer/chain.py" in names
    tag = sys.implementation.cache_tag
    assert f"{packages}/heddle/embedded/fabric/orderer/__pycache__/chain.{tag}.pyc" in names
    missing = {module for module in _imported() if f"{packages}/{module}" not in names}
    assert not missing
    unwanted = (
        "/test/",
        "/tkinter/",
        "pulumi",
        "heddle/embedded/engine",
        "heddle/cli",
        "kubernetes",
        "/pip/",
    )
    assert not [name for name in names if any(word in f"/{name}/" for word in unwanted)]


def test_the_same_sources_give_the_same_image(tmp_path: Path) -> None:
    """Built again it has the same id, so nothing is loaded or restarted for it."""
    one = build_sample_chaincode(tmp_path / "one.tar")
    other = build_sample_chaincode(tmp_path / "other.tar")
    assert one == other
    config, names = _read(tmp_path / "one.tar")
    assert config["name"] == SAMPLE_CHAINCODE_IMAGE
    assert config["Entrypoint"][-1] == "heddle.embedded.fabric.chaincode.assets"
    assert not [name for name in names if "heddle/embedded/fabric/peer" in name]
