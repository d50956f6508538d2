"""Read references to images, as a container runtime does."""

import re
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from heddle.spec.model import refused

# distribution/reference: [host[:port]/]path[:tag][@sha256:digest]
_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?"
_PATH = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
_REPOSITORY = rf"(?:{_HOST}/)?{_PATH}(?:/{_PATH})*"
_TAG = r"(?::\w[\w.-]{0,127})?"
_DIGEST = r"(?:@sha256:[0-9a-f]{64})?"
_IMAGE = rf"{_REPOSITORY}{_TAG}{_DIGEST}"
_LONGEST = 255
"""Characters of an image's name that a runtime takes (distribution/reference, NameTotalLengthMax)."""
_REGISTRY = rf"{_HOST}(?:/{_PATH})*"


def check_image(value: str) -> str:
    """Return the reference. Raises PydanticCustomError for anything else."""
    repository = re.sub(rf"{_DIGEST}$", "", value, flags=re.ASCII)
    if len(re.sub(r":\w[\w.-]*$", "", repository, flags=re.ASCII)) > _LONGEST:
        words = f"an image with at most {_LONGEST} characters before its tag or digest"
        raise refused(words)
    if re.fullmatch(_IMAGE, value, re.ASCII) is None:
        words = "an image, as docker.io/library/couchdb:3.4.2 or registry.example.com/couchdb@sha256:…"
        step = "A digest is sha256: and 64 of 0–9 and a–f." if "@" in value else ""
        raise refused(words, step)
    return value


def check_registry(value: str) -> str:
    """Return the registry, with or without a path. Raises PydanticCustomError for anything else."""
    if re.fullmatch(_REGISTRY, value, re.ASCII) is None:
        words = "a registry and perhaps a path, as registry.example.com:5000/mirror"
        step = "Without https:// in front and without a / at the end."
        raise refused(words, step)
    return value


Image = Annotated[str, AfterValidator(check_image), WithJsonSchema({"type": "string", "minLength": 1})]
"""Reference of an image."""
