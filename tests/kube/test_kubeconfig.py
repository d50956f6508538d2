"""Kubeconfigs that anybody may have written: used, or refused without showing what is secret in them."""

import asyncio
import threading
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kubernetes import client

from heddle.embedded.engine.kubernetes.connect import configuration_of
from heddle.embedded.engine.kubernetes.settings import Settings
from heddle.errors import KubeError
from heddle.identity.authority import new_authority
from heddle.identity.certificate import CertificateRequest, Usage, issue
from heddle.kube import apiserver
from heddle.kube.apiserver import ApiServer
from heddle.kube.kubeconfig import KubeconfigError, one_context, server

SECRET = "hidden-token-of-the-admin"
GOOD: dict[str, Any] = {
    "apiVersion": "v1",
    "current-context": "a",
    "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a", "namespace": "n"}}],
    "clusters": [{"name": "a", "cluster": {"server": "https://127.0.0.1:6443", "tls-server-name": "k"}}],
    "users": [{"name": "a", "user": {"token": SECRET, "client-key-data": "aGlkZGVu"}}],
}
ODD = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.dates()
    | st.text(max_size=5)
    | st.binary(max_size=3)
    | st.lists(st.text(max_size=2), max_size=2)
    | st.dictionaries(st.text(max_size=2) | st.integers(), st.text(max_size=2), max_size=2)
    | st.sampled_from(["/dev/zero", "/", "~nobody-here/x", "\0", "certificate-authority"])
)
KEYS = st.sampled_from(
    [
        "tokenFile",
        "client-certificate",
        "client-certificate-data",
        "certificate-authority",
        "proxy-url",
        "username",
    ]
)
fuzzed = settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A real kubeconfig with something else in one place, or its text with some of it replaced."""
    config = yaml.safe_load(yaml.safe_dump(GOOD))
    place: Any = config
    while isinstance(place, dict | list) and place:
        key = draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list) or draw(st.integers(0, 3)) == 0:
            place[key] = draw(ODD)
            break
        place = place[key]
    if draw(st.booleans()) and isinstance(place, dict):
        place[draw(KEYS)] = draw(ODD)
    text = yaml.safe_dump(config)
    if draw(st.booleans()):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.text(max_size=4)) + text[at + draw(st.integers(0, 4)) :]
    return text


@fuzzed
@given(texts() | st.text(max_size=60))
def test_any_text_is_used_or_refused(text: str) -> None:
    """By what cuts it down, and by what connects."""
    said = []
    for use in (one_context, server):
        try:
            use(text)
        except KubeconfigError as error:
            said.append(str(error))
    try:
        # The line break says that it is a kubeconfig, not the path of one.
        asyncio.run(ApiServer.load(f"{text}\n"))
    except KubeError as error:
        said.append(str(error))
    assert not any(SECRET in one for one in said)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"users:\n- token: '{SECRET}\n", "not YAML: .*line"),
        ("a: !!int ''", "not YAML that can be read"),
        ("a: 2001-99-99", "not YAML that can be read"),
        ("[" * 50_000, "not YAML that can be read"),
        ("a: [" + "x, " * 2_000_000, "characters"),
        ("contexts: 3", "contexts are not a list"),
        ("contexts: [{name: [a]}]", "text expected, a list found"),
    ],
)
def test_what_is_wrong_is_said(text: str, words: str) -> None:
    """In words that quote no line of the file: that line may hold a token."""
    with pytest.raises(KubeconfigError, match=words) as caught:
        one_context(text)
    assert SECRET not in str(caught.value)


def test_files_without_an_end_are_not_read_to_it() -> None:
    """A device instead of a certificate."""
    config = yaml.safe_load(yaml.safe_dump(GOOD))
    config["clusters"][0]["cluster"]["certificate-authority"] = "/dev/zero"
    with pytest.raises(KubeconfigError, match="/dev/zero: at most"):
        one_context(yaml.safe_dump(config))


def test_names_may_be_numbers() -> None:
    """Kubectl takes `name: 1` too."""
    config = yaml.safe_load(yaml.safe_dump(GOOD).replace(" a\n", " 1\n"))
    cut, name = one_context(yaml.safe_dump(config))
    assert name == "1"
    assert one_context(cut) == (cut, "1")


async def test_a_file_that_is_no_text_is_an_answer(tmp_path: Path) -> None:
    """A binary where a kubeconfig is expected."""
    path = tmp_path / "kubeconfig"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(KubeError, match="it is no text"):
        await ApiServer.load(str(path))


@pytest.fixture
def with_files() -> dict[str, Any]:
    """A kubeconfig whose CA, certificate and key the official client puts into temporary files."""
    authority = new_authority(common_name="ca", organization="o")
    own = issue(authority, CertificateRequest(common_name="a", usage=Usage.TLS))
    kubeconfig = yaml.safe_load(yaml.safe_dump(GOOD))
    kubeconfig["clusters"][0]["cluster"]["certificate-authority-data"] = _data(authority.certificate)
    kubeconfig["users"][0]["user"] = {
        "client-certificate-data": _data(own.certificate),
        "client-key-data": _data(own.private_key),
    }
    return dict(kubeconfig)


async def test_many_may_read_kubeconfigs_at_the_same_time(with_files: dict[str, Any]) -> None:
    """The official client's temporary files are the whole process's; nobody loses any."""
    text = yaml.safe_dump(with_files)

    loaded = await asyncio.gather(*(ApiServer.load(text) for _ in range(20)))

    assert all(each.tls is not None for each in loaded)


async def test_the_engine_keeps_its_files_whoever_reads_a_kubeconfig(
    with_files: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It opens them with every connection; a load that ends meanwhile takes its own away, no others."""
    reading, go_on = threading.Event(), threading.Event()

    def slow(configuration: client.Configuration) -> None:
        reading.set()
        assert go_on.wait(20)

    monkeypatch.setattr(apiserver, "_tls", slow)
    load = asyncio.create_task(ApiServer.load(yaml.safe_dump(with_files)))
    assert await asyncio.to_thread(reading.wait, 20)
    engines = asyncio.create_task(asyncio.to_thread(configuration_of, Settings(kubeconfig=with_files)))
    await asyncio.wait([engines], timeout=0.2)
    go_on.set()
    await load

    assert _files_there(await engines)


def _files_there(found: client.Configuration) -> bool:
    return all(Path(each or "").is_file() for each in (found.ssl_ca_cert, found.cert_file, found.key_file))


def _data(pem: bytes) -> str:
    return b64encode(pem).decode()


@pytest.mark.parametrize("name", ["n", "y", "no", "yes", "on", "off", "N"])
def test_a_name_that_others_take_for_a_boolean_stays_a_name(name: str) -> None:
    """For PyYAML `no` and `on` are booleans, for Go's YAML `n` and `y`, too: here names are quoted."""
    text = (
        yaml.safe_dump(GOOD)
        .replace("name: a", f"name: {name}")
        .replace("current-context: a", f"current-context: {name}")
    )
    text = text.replace("cluster: a", f"cluster: {name}").replace("user: a", f"user: {name}")

    written, context = one_context(text)

    assert context == name
    assert f"current-context: '{name}'" in written
    assert yaml.safe_load(written)["contexts"][0]["name"] == name
