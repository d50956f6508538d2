"""A stand-in for a Fabric CA: the calls that Heddle makes, as fabric-ca's swagger documents them.

It checks what the real one checks: the password of whoever enrolls, and the signature over method, address
and body of whoever registers. Answers are shaped as those in
tests/cases/fabric_ca, which the real one gave.
"""

import json
import ssl
import threading
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from heddle.identity.authority import Authority, new_authority
from heddle.identity.certificate import CertificateRequest, Usage, issue
from heddle.identity.keys import load_certificate, verify
from heddle.identity.lowlevel import signed_pem
from heddle.identity.revocation import new_revocation_list


class Refusal(Exception):  # noqa: N818 — an answer of the server
    """What the server refuses, by its own number."""

    def __init__(self, status: int, code: int, words: str) -> None:
        super().__init__(words)
        self.status, self.code, self.words = status, code, words


class StandinCa:
    """A server with one authority, whose registrar is `registrar` with the password `pw`."""

    def __init__(self, folder: Path) -> None:
        self.authority = new_authority(common_name="ca.one", organization="one")
        self.passwords = {"registrar": "pw"}
        self.types = {"registrar": "client"}
        self.asked: list[str] = []
        self.serials, self.revoked = set[int](), set[int]()
        tls = new_authority(common_name="server root", organization="one")
        request = CertificateRequest(common_name="localhost", hosts=("localhost",), usage=Usage.TLS)
        pair = issue(tls, request)
        (folder / "pair.pem").write_bytes(pair.private_key + pair.certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "pair.pem")
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.root, self.chain = tls.certificate, self.authority.certificate.decode()
        self.url = f"https://localhost:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def answer(self, method: str, path: str, authorization: str, body: bytes) -> dict[str, Any]:
        said = json.loads(body)
        self.asked.append(f"{method} {path}")
        if (method, path) == ("POST", "/api/v1/enroll"):
            return self._enroll(said, authorization)
        caller = self._caller(method, path, authorization, body)
        if (method, path) == ("POST", "/api/v1/register"):
            return self._register(said)
        if method == "PUT" and path.startswith("/api/v1/identities/"):
            name = path.rpartition("/")[2].replace("%40", "@")
            self.passwords[name], self.types[name] = said["secret"], said.get("type", self.types[name])
            return {}
        if (method, path) == ("POST", "/api/v1/reenroll"):
            return self._certified(said, caller)
        if (method, path) == ("POST", "/api/v1/revoke"):
            return self._revoke(said["serial"], said["aki"])
        if (method, path) == ("POST", "/api/v1/gencrl"):
            return {"CRL": b64encode(new_revocation_list(self.authority, self.revoked)).decode()}
        raise Refusal(404, 0, "no such call")

    def _enroll(self, said: dict[str, Any], authorization: str) -> dict[str, Any]:
        name, _, password = b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        if self.passwords.get(name) != password:
            raise Refusal(401, 20, "Authentication failure")
        return self._certified(said, name)

    def _certified(self, said: dict[str, Any], name: str) -> dict[str, Any]:
        request = x509.load_pem_x509_csr(said["certificate_request"].encode())
        made = _issued(self.authority, request, self.types[name])
        self.serials.add(load_certificate(made).serial_number)
        return {"Cert": b64encode(made).decode()}

    def _revoke(self, serial: str, issuer: str) -> dict[str, Any]:
        number, which = int(serial, 16), f"Certificate with serial {serial} and AKI {issuer}"
        if number not in self.serials or issuer != self.authority.key_identifier.hex():
            raise Refusal(404, 8, f"{which} was not found: Failed to get Certificate: no rows")
        if number in self.revoked:
            raise Refusal(404, 66, f"{which} was already revoked")
        self.revoked.add(number)
        return {"RevokedCerts": [{"Serial": serial, "AKI": issuer}], "CRL": ""}

    def _register(self, said: dict[str, Any]) -> dict[str, Any]:
        name = said["id"]
        if name in self.passwords:
            raise Refusal(409, 74, f"Identity '{name}' is already registered")
        self.passwords[name], self.types[name] = said["secret"], said["type"]
        return {"secret": said["secret"]}

    def _caller(self, method: str, path: str, authorization: str, body: bytes) -> str:
        """Return who asks, by a certificate of this authority that is not revoked."""
        certificate, _, signature = authorization.partition(".")
        parts = (method, *(b64encode(each).decode() for each in (path.encode(), body)), certificate)
        if not verify(b64decode(certificate), ".".join(parts).encode(), b64decode(signature)):
            raise Refusal(401, 27, "Invalid token in authorization header")
        holder = load_certificate(b64decode(certificate))
        if holder.serial_number not in self.serials - self.revoked:
            raise Refusal(401, 20, "Authentication failure")
        return str(holder.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value)


def _issued(authority: Authority, request: x509.CertificateSigningRequest, kind: str) -> bytes:
    subject = x509.Name([*request.subject, x509.NameAttribute(x509.NameOID.ORGANIZATIONAL_UNIT_NAME, kind)])
    identifier = x509.AuthorityKeyIdentifier(authority.key_identifier, None, None)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(authority.x509.subject)
        .public_key(request.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(authority.x509.not_valid_before_utc)
        .not_valid_after(min(authority.x509.not_valid_after_utc, datetime.now(UTC) + timedelta(days=365)))
        .add_extension(identifier, critical=False)
    )
    for extension in request.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    signed = builder.sign(authority.key, hashes.SHA256())
    return signed_pem(signed)


def _handler(ca: StandinCa) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _answered(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                result = ca.answer(self.command, self.path, self.headers["Authorization"], body)
                status, answer = 200, {"result": result, "errors": [], "messages": [], "success": True}
            except Refusal as refusal:
                errors = [{"code": refusal.code, "message": refusal.words}]
                status = refusal.status
                answer = {"result": "", "errors": errors, "messages": [], "success": False}
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_PUT = _answered  # noqa: N815 — http.server's names

        def log_message(self, *_: object) -> None:
            """Keep the output for the tests' own words."""

    return Handler
