"""Check metadata of chaincodes: what Fabric's packaging refuses, and indexes of collections that are none."""

from collections.abc import Iterator

from heddle.spec.metadata import collection_of, index_problem, path_problem
from heddle.spec.problems import Problem
from heddle.spec.rules.reading import Data, Place, items, listed, names_of, problem, section


def broken(data: Data) -> Iterator[Problem]:
    """Yield problems with the files of every chaincode's metadata, by their paths."""
    for index, chaincode in items(data, "chaincodes"):
        collections = _collections(chaincode)
        for path, content in section(chaincode, "metadata").items():
            place = ("chaincodes", index, "metadata", str(path))
            yield from _file(place, str(path), content, collections)


def _collections(chaincode: Data) -> list[str] | None:
    """Return the names of the collections on any channel of a chaincode; None where one has no name."""
    owners = (chaincode, *(each for _, each in items(chaincode, "channels")))
    found = [names_of(owner, "collections") for owner in owners]
    return None if None in found else [name for names in found for name in names or ()]


def _file(place: Place, path: str, content: object, collections: list[str] | None) -> Iterator[Problem]:
    if not isinstance(content, str):
        return  # the model reports it
    collection = collection_of(path)
    if allowed := path_problem(path) or index_problem(content):
        yield problem(place, content, allowed)
    elif collection and collections is not None and collection not in collections:
        # A peer logs it as an error and goes on without the index.
        yield problem(place, content, f"indexes of this chaincode's collections: {listed(collections)}")
