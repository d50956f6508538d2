"""Check authorities that somebody else has certified, or that a Fabric CA has: chains Fabric verifies."""

from collections.abc import Iterator

from heddle.spec.problems import Problem
from heddle.spec.rules.reading import Data, Place, items, problem, section, text, whole

_KEY = "the path of a PEM file with the private key: what stands here goes into the state in the clear"


def broken(data: Data) -> Iterator[Problem]:
    """Yield problems with `given` and `fabricCa` of `certificates.authorities.*`."""
    authorities = section(data, "certificates", "authorities")
    for name in authorities:
        entry = section(authorities, name)
        yield from _fabric_ca(name, entry)
        seen = set[int]()
        for index, item in items(entry, "given"):
            place: Place = ("certificates", "authorities", name, "given", index)
            yield from _generation(entry, item, seen, place)
            if not item.get("ca") and not item.get("tlsCa"):
                yield problem(
                    (*place, "ca"), None, "ca, tlsCa or both: the authorities that somebody else certified"
                )
            for kind in ("ca", "tlsCa"):
                yield from _authority(section(item, kind), (*place, kind))


def _generation(entry: Data, item: Data, seen: set[int], place: Place) -> Iterator[Problem]:
    """Yield a generation that is none of those in use, or is there twice."""
    number, newest = whole(item.get("generation"), None), whole(entry.get("generation"), None)
    if number is None or newest is None:
        return  # told by the models
    used = {newest} if entry.get("phase", "retired") == "retired" else {newest - 1, newest}
    if number not in used:
        words = f"one of the generations in use: {' and '.join(map(str, sorted(used)))}"
        yield problem((*place, "generation"), number, words, "Take out what no generation in use has.")
    elif number in seen:
        yield problem((*place, "generation"), number, "each generation once: name its ca and tlsCa together")
    seen.add(number)


def _fabric_ca(name: str, entry: Data) -> Iterator[Problem]:
    """Yield what is wrong with a Fabric CA, and what an organization with one cannot have yet."""
    place: Place = ("certificates", "authorities", name, "fabricCa")
    said = section(entry, "fabricCa")
    if not said:
        return
    url = text(said, "url")
    if url and not (url.startswith("https://") and len(url) > len("https://")):
        yield problem((*place, "url"), url, "an address with https, as https://ca.example.com:7054")
    if (root := text(said, "rootCertificate")) and "-----BEGIN CERTIFICATE-----" not in root:
        words = "a certificate as PEM text, or the path of a PEM file that can be read"
        yield problem((*place, "rootCertificate"), root, words)
    for kind in ("ca", "tlsCa"):
        certificate = text(section(said, kind), "certificate")
        if certificate and (words := _broken_chain(certificate, own=False)):
            yield problem((*place, kind, "certificate"), certificate, words)
    number, phase = whole(entry.get("generation"), 1), entry.get("phase", "retired")
    if entry.get("given") or number != 1 or phase != "retired":
        step = "An organization has a Fabric CA from its first `up` on, and `generation: 1`."
        yield problem((*place[:-1], "generation"), number, "1 with fabricCa, without phase and given", step)


def _authority(item: Data, place: Place) -> Iterator[Problem]:
    certificate, key = text(item, "certificate"), text(item, "key")
    if certificate and (words := _broken_chain(certificate)):
        yield problem((*place, "certificate"), certificate, words)
    if "-----BEGIN" in key:
        yield problem((*place, "key"), key, _KEY)


def _broken_chain(certificate: str, *, own: bool = True) -> str:
    """Return what is wrong with a chain of certificates, PEM; empty if nothing is."""
    # Here: it loads `cryptography`, a third of a second that stacks without such authorities save.
    from heddle.identity.intermediate import chain_problem
    from heddle.identity.keys import certificates_in

    if "PRIVATE KEY-----" in certificate:
        return "certificates alone; this holds a private key, which belongs into a file that `key` names"
    chain = certificates_in(certificate)
    if not chain:
        return "certificates as PEM text, or the path of a PEM file that can be read"
    allowed = "the authority's certificate, then its issuers up to the root"
    return f"{allowed}; {words}" if (words := chain_problem(chain, own=own)) else ""
