"""Read in the files that a stack file names, before it is validated: certificates, metadata of chaincodes.

A file that cannot be read stays what the stack file says, a path, for the validation to name with its place.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from heddle.paths import expanded

__all__ = ["with_files"]

_LONGEST_PATH = 4096
"""Characters; a longer text is no path (Linux, PATH_MAX)."""
_LARGEST_FILE = 1 << 20
"""Bytes of a file of certificates or of metadata; a certificate has about a thousand."""
_MOST_FILES = 1000
"""Files in a chaincode's metadata; a folder that was named by mistake may have any number."""
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----")


def with_files(data: object) -> object:
    """Return the instance with the files read in that it names: certificates, metadata of chaincodes.

    Relative paths start at the project's folder. What cannot be read stays a path, which the check then
    reports beside all other problems.
    """
    if not isinstance(data, dict):
        return data
    read = dict(data)
    if isinstance(data.get("organizations"), list):
        read["organizations"] = [_organization(each) for each in data["organizations"]]
    ordering = data.get("ordering")
    if isinstance(ordering, dict) and "organization" in ordering:
        read["ordering"] = {**ordering, "organization": _organization(ordering["organization"])}
    if isinstance(data.get("chaincodes"), list):
        read["chaincodes"] = [_chaincode(each) for each in data["chaincodes"]]
    if isinstance(data.get("certificates"), dict):
        read["certificates"] = _certificates(data["certificates"])
    return read


def _certificates(said: Mapping[str, object]) -> dict[str, object]:
    authorities = said.get("authorities")
    if not isinstance(authorities, dict):
        return dict(said)
    return {**said, "authorities": {name: _generation(each) for name, each in authorities.items()}}


def _generation(said: object) -> object:
    if not isinstance(said, dict):
        return said
    read = dict(said)
    if isinstance(said.get("given"), list):
        read["given"] = [_given(each) for each in said["given"]]
    if isinstance(said.get("fabricCa"), dict):
        read["fabricCa"] = _fabric_ca(said["fabricCa"])
    return read


def _fabric_ca(said: Mapping[str, object]) -> dict[str, object]:
    read = {key: _given_authority(each) if isinstance(each, dict) else each for key, each in said.items()}
    if "rootCertificate" in said:
        read["rootCertificate"] = _certificate(said["rootCertificate"])
    return _with_absolute(read, "secret")


def _given(said: object) -> object:
    """Return authorities that somebody else has certified: certificates read in, a key as its path alone."""
    if not isinstance(said, dict):
        return said
    return {key: _given_authority(each) if isinstance(each, dict) else each for key, each in said.items()}


def _given_authority(said: Mapping[str, object]) -> dict[str, object]:
    read = {**said, "certificate": _certificate(said["certificate"])} if "certificate" in said else dict(said)
    return _with_absolute(read, "key")


def _with_absolute(said: dict[str, object], name: str) -> dict[str, object]:
    """Return the section with an absolute path at `name`: the provider reads it, wherever it starts."""
    path = said.get(name)
    if not isinstance(path, str) or "\n" in path or len(path) > _LONGEST_PATH:
        return said
    return {**said, name: str(expanded(Path(path)).absolute())}


def _organization(said: object) -> object:
    if not isinstance(said, dict):
        return said
    read = dict(said)
    if isinstance(said.get("external"), dict):
        read["external"] = _external(said["external"])
    if isinstance(said.get("revoked"), list):
        read["revoked"] = [_certificate(each) for each in said["revoked"]]
    return read


def _external(definition: Mapping[str, object]) -> dict[str, object]:
    return {
        key: [_certificate(each) for each in value]
        if str(key).endswith("Certificates") and isinstance(value, list)
        else value
        for key, value in definition.items()
    }


def _certificate(value: object) -> object:
    if not isinstance(value, str) or "\n" in value or len(value) > _LONGEST_PATH:
        return value
    try:
        text = _text_of(expanded(Path(value)))
    except (OSError, ValueError):
        return value
    # Certificates alone: a file may hold a key beside them, which must reach no message.
    return "\n".join(_PEM.findall(text)) or value


def _chaincode(said: object) -> object:
    if not isinstance(said, dict) or not isinstance(said.get("metadata"), str):
        return said
    folder = said["metadata"]
    if len(folder) > _LONGEST_PATH:
        return said
    try:
        files = _metadata(expanded(Path(folder)))
    except (OSError, ValueError):
        return said
    return {**said, "metadata": files or folder}


def _metadata(folder: Path) -> dict[str, str]:
    """Return the files below META-INF by their paths in `folder`; not the hidden ones, as Fabric's packaging.

    Raises OSError, ValueError or RuntimeError for what cannot be read, or is too much.
    """
    paths = sorted(path for path in (folder / "META-INF").rglob("*") if not path.is_dir())
    seen = [path for path in paths if not path.name.startswith(".")]
    if len(seen) > _MOST_FILES:
        raise ValueError(f"{folder}: more than {_MOST_FILES} files")
    return {path.relative_to(folder).as_posix(): _text_of(path) for path in seen}


def _text_of(path: Path) -> str:
    """Return a file's text. Raises OSError or ValueError for a device, which never ends, or a large file."""
    if not path.is_file():
        raise ValueError(f"{path}: not a regular file")
    with path.open("rb") as stream:
        content = stream.read(_LARGEST_FILE + 1)
    if len(content) > _LARGEST_FILE:
        raise ValueError(f"{path}: more than {_LARGEST_FILE} bytes")
    return content.decode()
