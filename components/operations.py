"""Make the authority and the client certificate by which the nodes' operations endpoints are asked."""

from dataclasses import dataclass

import pulumi

from components.site import Site
from heddle.resources import (
    AuthorityExchange,
    AuthorityExchangeArgs,
    AuthorityPair,
    Certificate,
    CertificateArgs,
    CertificateAuthority,
    CertificateAuthorityArgs,
    ClientTls,
)


@dataclass(frozen=True, kw_only=True)
class OperationsArgs:
    """The instance whose nodes are asked."""

    site: Site


class Operations(pulumi.ComponentResource):
    """Who may read metrics and version of all nodes of an instance, and set their log levels.

    The authority is none of the organizations': a chaincode server's certificate would do otherwise, and who
    only collects metrics would open the orderers' admin endpoints.
    """

    authority: pulumi.Output[str]
    """The root, PEM, that the operations endpoints want their clients to be of."""
    client: ClientTls
    """The client certificate of whoever asks, and what lets nodes that know a former root alone accept it."""

    def __init__(self, name: str, args: OperationsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("heddle:identity:Operations", name, None, opts)
        self._name, self._site, self._child = name, args.site, pulumi.ResourceOptions(parent=self)
        certificates = args.site.spec.certificates
        self._generation = certificates.operations
        root = self._root(self._generation)
        issued = Certificate(
            f"{name}-client",
            CertificateArgs(
                authority_certificate=root.certificate,
                authority_private_key=root.private_key,
                common_name="operations-client",
                organization=args.site.instance,
                usage="tls",
                validity_days=certificates.validity_days,
                renewal=certificates.renewal,
                renew_before=certificates.renew_before,
            ),
            self._child,
        )
        self.authority = root.certificate
        self.client = {"certificate": self._presented(issued, root), "privateKey": issued.private_key}
        self.register_outputs({})

    def _root(self, number: int) -> CertificateAuthority:
        suffix = f"-{number}" if number > 1 else ""
        protect = self._site.protect and number == self._generation
        return CertificateAuthority(
            f"{self._name}-ca{suffix}",
            CertificateAuthorityArgs(
                common_name=f"operations CA{suffix.replace('-', ' ')}", organization=self._site.instance
            ),
            pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(protect=protect)),
        )

    def _presented(self, client: Certificate, root: CertificateAuthority) -> pulumi.Output[str]:
        """Return what the client presents: nodes take another root one after the other, by restarts."""
        if self._generation == 1:
            return client.certificate
        former = self._root(self._generation - 1)
        exchange = AuthorityExchange(
            f"{self._name}-authorities",
            AuthorityExchangeArgs(
                organization=self._site.instance,
                msp_id=self._site.topology.ordering.msp_id,
                kind="operations",
                generations=[
                    _generation(self._generation - 1, former),
                    _generation(self._generation, root),
                ],
                issuing=self._generation,
            ),
            self._child,
        )
        both = pulumi.Output.all(client.certificate, exchange.bridges)
        return both.apply(lambda given: "".join([given[0], *given[1]]))


def _generation(number: int, root: CertificateAuthority) -> AuthorityPair:
    """Return the authority as a generation: it issues no identities, so that it stands for both."""
    return {
        "generation": number,
        "certificate": root.certificate,
        "privateKey": root.private_key,
        "tlsCertificate": root.certificate,
        "tlsPrivateKey": root.private_key,
    }
