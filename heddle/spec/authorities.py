"""Describe the generation of an organization's authorities, and how far its exchange has come."""

from typing import Annotated, Literal

from heddle.spec.kinds import between
from heddle.spec.model import Section


class GivenAuthority(Section):
    """An authority that somebody else has certified, so that the root's key stays with them."""

    certificate: str
    """Its certificate, and those of its issuers up to the root, in this order: PEM text, or the path of a PEM
    file."""
    key: str
    """Path of the PEM file with its private key, which is read once, when the authority is made."""

    @property
    def chain(self) -> tuple[str, ...]:
        """Return the certificates one by one, PEM, its own first and the root last."""
        # Here: it loads `cryptography`, a third of a second that stacks without such authorities save.
        from heddle.identity.keys import certificates_in

        return tuple(certificates_in(self.certificate))


class GivenAuthorities(Section):
    """The authorities of a generation that somebody else has certified: one of them, or both."""

    generation: Annotated[int, *between(1)]
    """The generation that they are of."""
    ca: GivenAuthority | None = None
    """The authority of members' identities. Default: a root that is made here."""
    tls_ca: GivenAuthority | None = None
    """The authority of TLS certificates. Default: a root that is made here."""


class FabricCaAuthority(Section):
    """One of the authorities of a Fabric CA's server."""

    name: str = ""
    """Its name, where the server has several. Default: the server's own."""
    certificate: str
    """Its certificate, and those of its issuers up to the root, in this order: PEM text, or the path of a PEM
    file."""

    @property
    def chain(self) -> tuple[str, ...]:
        """Return the certificates one by one, PEM, its own first and the root last."""
        # Here: it loads `cryptography`, a third of a second that stacks without such authorities save.
        from heddle.identity.keys import certificates_in

        return tuple(certificates_in(self.certificate))


class FabricCa(Section):
    """A Fabric CA that has the keys of an organization's authorities, and issues its certificates."""

    url: str
    """Address of its server, as https://ca.example.com:7054."""
    root_certificate: str
    """The certificate that its server's TLS certificate is verified against: PEM text, or the path of a PEM
    file."""
    registrar: str
    """The identity that registers others."""
    secret: str
    """Path of a file with the registrar's password; it is read whenever a certificate is issued."""
    ca: FabricCaAuthority
    """The authority of members' identities."""
    tls_ca: FabricCaAuthority
    """The authority of TLS certificates, by the profile `tls`; it may be the same one."""


class AuthorityGeneration(Section):
    """The authorities of an organization, counted from 1; each further generation comes in three phases."""

    generation: Annotated[int, *between(1)]
    """Number of the generation that comes, or is in use. Raise it by one with `phase: trusted`."""
    phase: Literal["trusted", "issuing", "retired"] = "retired"
    """trusted: it stands beside the one before. issuing: it issues all certificates. retired: the one before
    is gone. One edit and one `up` each, in this order."""
    given: tuple[GivenAuthorities, ...] = ()
    """Authorities that somebody else has certified, by their generation. Default: roots that are made
    here."""
    fabric_ca: FabricCa | None = None
    """A Fabric CA that issues in their place, from the first `up` of the organization on."""

    @property
    def issuing(self) -> int:
        """Return the generation that issues certificates."""
        return self.generation - (self.phase == "trusted")

    @property
    def trusted(self) -> tuple[int, ...]:
        """Return the generations that are trusted, the older one first."""
        return (self.generation,) if self.phase == "retired" else (self.generation - 1, self.generation)

    def given_to(self, generation: int) -> GivenAuthorities:
        """Return what somebody else has certified of a generation."""
        none = GivenAuthorities(generation=generation)
        return next((each for each in self.given if each.generation == generation), none)
