"""People of a cluster: kubeconfigs of their own, and `heddle` run as they run it."""

import base64
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import kubernetes
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from heddle.identity.keys import pem_of
from tests.e2e.project import Result


@dataclass(frozen=True, kw_only=True)
class Person:
    """A user of the cluster, at home in an empty folder: no checkout, no state, no passphrase."""

    name: str
    home: Path

    @property
    def kubeconfig(self) -> Path:
        """The file that $KUBECONFIG names."""
        return self.home / "kubeconfig"

    @property
    def client(self) -> kubernetes.client.ApiClient:
        """Kubernetes as this person may use it."""
        return kubernetes.config.new_client_from_config(str(self.kubeconfig))

    def heddle(self, *arguments: str) -> Result:
        """Run `heddle` with nothing but what is at home."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
        done = subprocess.run(
            [f"{sys.prefix}/bin/heddle", *arguments],
            cwd=self.home,
            env=kept | {"HOME": str(self.home), "KUBECONFIG": str(self.kubeconfig), "COLUMNS": "200"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=250,
            check=False,
        )
        return Result(code=done.returncode, output=done.stdout)


def person(administrator: Path, name: str, home: Path) -> Person:
    """Give somebody a kubeconfig: a certificate that the cluster's own signer makes, and no rights yet."""
    home.mkdir(parents=True)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    certificate = _signed(administrator, name, request.public_bytes(serialization.Encoding.PEM))
    config = yaml.safe_load(administrator.read_text())
    config["contexts"][0]["context"]["user"] = name
    data = {"client-certificate-data": certificate, "client-key-data": _base64(pem_of(key))}
    config["users"] = [{"name": name, "user": data}]
    made = Person(name=name, home=home)
    made.kubeconfig.touch(mode=0o600)
    made.kubeconfig.write_text(yaml.safe_dump(config))
    return made


def acting_as(administrator: Path, name: str, kubeconfig: Path) -> Path:
    """Write a kubeconfig with which the administrator acts as somebody of two groups that have no rights."""
    config = yaml.safe_load(administrator.read_text())
    config["users"][0]["user"] |= {"as": name, "as-groups": ["staff", "night-watch"]}
    kubeconfig.touch(mode=0o600)
    kubeconfig.write_text(yaml.safe_dump(config))
    return kubeconfig


def apply(administrator: Path, manifests: str) -> None:
    """Make objects as `kubectl apply -f -` does the first time."""
    client = kubernetes.config.new_client_from_config(str(administrator))
    for manifest in yaml.safe_load_all(manifests):
        kubernetes.utils.create_from_dict(client, manifest)


def _signed(administrator: Path, name: str, request: bytes) -> str:
    """Have the cluster sign a request for a client's certificate; base64 of PEM. The request goes again."""
    client = kubernetes.config.new_client_from_config(str(administrator))
    api = kubernetes.client.CertificatesV1Api(client)
    spec = {
        "request": _base64(request),
        "signerName": "kubernetes.io/kube-apiserver-client",
        "usages": ["client auth"],
    }
    api.create_certificate_signing_request({"metadata": {"name": name}, "spec": spec})
    approval = {"type": "Approved", "status": "True", "reason": "Test", "message": "by a test"}
    try:
        api.patch_certificate_signing_request_approval(name, {"status": {"conditions": [approval]}})
        events = kubernetes.watch.Watch().stream(
            api.list_certificate_signing_request, field_selector=f"metadata.name={name}", timeout_seconds=60
        )
        for event in events:
            if event["object"].status.certificate:
                return str(event["object"].status.certificate)
    finally:
        api.delete_certificate_signing_request(name)
    raise AssertionError(f"the cluster has not signed the certificate of {name} within 60 s")


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
