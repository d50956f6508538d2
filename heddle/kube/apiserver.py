"""Read a kubeconfig: the address of its API server, and the credentials to use there."""

import asyncio
import ssl
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import yaml
from kubernetes import client, config

from heddle.errors import KubeError
from heddle.kube.impersonation import Impersonation
from heddle.kube.kubeconfig import KubeconfigError, impersonation, one_context
from heddle.kube.proxies import proxy_for, proxy_name
from heddle.paths import expanded
from heddle.text import printable

__all__ = ["LOADING", "ApiServer"]


LOADING = threading.Lock()
"""Held while the official client loads a kubeconfig: its temporary files are the whole process's, so a load
beside another one would keep the names of files that are gone a moment later."""


@dataclass(frozen=True, kw_only=True)
class ApiServer:
    """The address of an API server, and how to authenticate there.

    `tls` holds the CA, the client certificate and the name to expect; `configuration` is the official
    client's, for tokens.
    """

    url: str
    tls: ssl.SSLContext | None
    proxy: str
    """URL of the proxy to go through, "" for none."""
    configuration: client.Configuration
    impersonation: Impersonation = field(default_factory=Impersonation)

    @property
    def way(self) -> str:
        """Return the server's URL, and the proxy on the way to it, for messages."""
        return f"{self.url} through the proxy {proxy_name(self.proxy)}" if self.proxy else self.url

    @staticmethod
    async def load(kubeconfig: str, context: str = "") -> "ApiServer":
        """Read a kubeconfig (its text or its path); `context` "" is the current one.

        Credential plugins (`exec`) run as kubectl runs them. Raises KubeError when it cannot be used.
        """
        return await asyncio.to_thread(_load, kubeconfig, context)

    async def headers(self) -> list[tuple[str, str]]:
        """Return what every request says about its user; a name may come several times.

        The Authorization header is refreshed where a credential plugin gave the token an end.
        """
        try:
            value = await asyncio.to_thread(self.configuration.get_api_key_with_prefix, "BearerToken")
            if not value:
                value = self.configuration.get_basic_auth_token() if self.configuration.username else None
        except config.ConfigException as error:  # the credential plugin, run again
            raise _unusable("", printable(str(error))) from error
        return [*([("Authorization", value)] if value else []), *self.impersonation.headers()]


def _load(kubeconfig: str, context: str) -> ApiServer:
    text, folder = kubeconfig, Path()
    if "\n" not in kubeconfig and not kubeconfig.lstrip().startswith("{"):
        path = expanded(Path(kubeconfig))
        try:
            text, folder = path.read_text(), path.parent.absolute()
        except OSError as error:
            raise KubeError(
                f"kubeconfig {path}: {error.strerror}", hint="Name a file that exists."
            ) from error
        except UnicodeDecodeError:
            raise KubeError(f"kubeconfig {path}: it is no text", hint="Name a kubeconfig.") from None
    # The official client wants certificates and keys as files. They live until the TLS context has read them.
    with LOADING, tempfile.TemporaryDirectory(prefix="heddle-") as scratch:
        try:
            # With a proxy set, the official client leaves the environment alone: `proxy_for` reads it.
            configuration = client.Configuration()
            configuration.proxy = ""
            cut, _ = one_context(text, context, folder=folder)
            config.kube_config.KubeConfigLoader(
                config_dict=yaml.safe_load(cut),
                temp_file_path=scratch,
            ).load_and_set(configuration)
            return ApiServer(
                url=configuration.host,
                tls=_tls(configuration),
                proxy=proxy_for(configuration.host, configuration.proxy or ""),
                configuration=configuration,
                impersonation=impersonation(cut),
            )
        except KubeError:
            raise
        except (config.ConfigException, KubeconfigError, ssl.SSLError, OSError) as error:
            raise _unusable(context, printable(str(error))) from error
        except Exception as error:
            # The official client reads what it finds as what it should be. What is raised then may quote it.
            raise _unusable(context, f"it is not shaped as one ({type(error).__name__})") from None


def _unusable(context: str, why: str) -> KubeError:
    return KubeError(
        f"kubeconfig{f', context {context}' if context else ''}: {why}",
        hint="It must be one that `kubectl` can use; `kubectl config get-contexts` lists contexts.",
    )


class _NamedContext(ssl.SSLContext):
    """TLS that expects a kubeconfig's `tls-server-name`, whatever name was dialled, also behind a proxy.

    httpx takes another name to expect for direct connections alone: its requests through a proxy ignore it.
    """

    _expected: str

    def __new__(cls, _expected: str) -> Self:
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    def __init__(self, expected: str) -> None:
        super().__init__()
        self._expected = expected
        # What Python's own default contexts demand of certificates beyond a client's least.
        self.verify_flags |= ssl.create_default_context().verify_flags

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        name = self._expected or server_hostname
        return super().wrap_bio(incoming, outgoing, server_side, name, session)


def _tls(configuration: client.Configuration) -> ssl.SSLContext | None:
    if not configuration.host.startswith("https"):
        return None
    context = _NamedContext(configuration.tls_server_name or "")
    if configuration.ssl_ca_cert:
        context.load_verify_locations(configuration.ssl_ca_cert)
    else:
        context.load_default_certs()
    if not configuration.verify_ssl:  # the kubeconfig's own `insecure-skip-tls-verify`
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, configuration.key_file)
    return context
