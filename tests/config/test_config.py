"""From a stack's configuration to what the program is told."""

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from heddle import config
from heddle.identity.authority import new_authority
from heddle.kube.kubeconfig import KubeconfigError, one_context

MINIMAL: dict[str, Any] = {"name": "dev", "organizations": [{"name": "one"}]}


def kubeconfig(*names: str, server: str = "https://10.1.2.3:6443", **cluster: str) -> str:
    return yaml.safe_dump(
        {
            "current-context": names[0],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name in names],
            "clusters": [{"name": name, "cluster": {"server": server, **cluster}} for name in names],
            "users": [{"name": name, "user": {"token": f"token-{name}"}} for name in names],
        }
    )


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A local cluster named like the stack `dev`, and no other kubeconfig."""
    monkeypatch.setenv("HEDDLE_CLUSTERS", str(tmp_path))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    path = tmp_path / "dev" / "kubeconfig"
    path.parent.mkdir()
    path.write_text(kubeconfig("local"))
    return path


def refusal(**arguments: Any) -> str:
    with pytest.raises(config.StackFileError) as refused:
        config.read(**{"stack": "dev", "data": MINIMAL, "kube_context": "", **arguments})
    return str(refused.value)


@pytest.mark.usefixtures("local")
def test_without_a_cluster_section_it_is_the_local_cluster_named_like_the_stack() -> None:
    """Its identifier does not come from the kubeconfig, which is renewed."""
    settings = config.read(stack="dev", data=MINIMAL, kube_context="")

    assert settings.cluster.identifier == "local-dev"
    assert settings.cluster.public_address == ""


@pytest.mark.usefixtures("local")
def test_auto_is_the_local_clusters_own_address() -> None:
    """Known without asking the cluster."""
    settings = config.read(stack="dev", data={**MINIMAL, "publicAddress": "auto"}, kube_context="")

    assert settings.cluster.public_address == "10.1.2.3"


def test_auto_is_none_on_another_cluster(
    tmp_path: Path, local: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nodes have no address that everybody reaches."""
    monkeypatch.setenv("KUBECONFIG", str(local))

    settings = config.read(stack="dev", data={**MINIMAL, "publicAddress": "auto"}, kube_context="local")

    assert settings.cluster.public_address == ""
    assert settings.cluster.identifier == "local"


@pytest.mark.usefixtures("local")
def test_a_cluster_of_ones_own_keeps_the_identifier_that_the_file_gives(tmp_path: Path) -> None:
    """Then a kubeconfig with other names and credentials replaces nothing."""
    path = tmp_path / "mine"
    path.write_text(kubeconfig("a", "b"))
    cluster = {"kubeconfig": str(path), "context": "b", "identifier": "production"}

    settings = config.read(stack="dev", data={**MINIMAL, "cluster": cluster}, kube_context="")

    assert settings.cluster.identifier == "production"
    assert one_context(settings.cluster.kubeconfig)[1] == "b"


def test_a_missing_local_cluster_is_reported_beside_the_files_problems(
    local: Path,
) -> None:
    """All at once, with the command that helps."""
    local.unlink()

    report = refusal(data={**MINIMAL, "ordering": {"nodes": 2}})

    assert report.splitlines()[0] == "stacks/Pulumi.dev.yaml: 2 problems"
    assert "instance.ordering.nodes: 2" in report
    assert "heddle cluster up --name dev" in report


@pytest.mark.parametrize("data", [[], "name: dev", {**MINIMAL, "cluster": "clusters/mine.yaml"}])
def test_what_says_no_place_does_not_mean_the_local_cluster(local: Path, data: object) -> None:
    """One mistake is one problem."""
    local.unlink()

    assert refusal(data=data).splitlines()[0] == "stacks/Pulumi.dev.yaml: 1 problem"


@pytest.mark.usefixtures("local")
def test_a_context_that_is_not_there_names_those_that_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user sees what to choose from."""
    path = tmp_path / "mine"
    path.write_text(kubeconfig("a", "b"))
    monkeypatch.setenv("KUBECONFIG", str(path))

    report = refusal(kube_context="c")

    assert "fabric:kubeContext" in report
    assert "there is: a, b" in report


@pytest.mark.usefixtures("local")
def test_a_stack_without_an_instance_says_where_to_look() -> None:
    """The most likely first mistake."""
    assert "stacks/Pulumi.dev.yaml" in refusal(data=None)


def test_the_error_ends_a_program_without_a_traceback() -> None:
    """Pulumi prints a RunError's message alone."""
    assert issubclass(config.StackFileError, pulumi.RunError)


@pytest.mark.usefixtures("local")
def test_load_reads_pulumis_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one reader of pulumi.Config: the value is JSON text, as Pulumi passes objects."""
    values = {"fabric:instance": json.dumps(MINIMAL)}
    monkeypatch.setattr(
        pulumi.Config, "get", lambda self, key, default=None: values.get(f"fabric:{key}", default)
    )
    monkeypatch.setattr(pulumi.Config, "get_object", lambda self, key: json.loads(values[f"fabric:{key}"]))
    monkeypatch.setattr(pulumi, "get_stack", lambda: "dev")

    assert config.load().instance.name == "dev"


def test_a_kubeconfig_is_cut_to_one_context_with_its_files_read_in(tmp_path: Path) -> None:
    """It works from any folder and shows no other cluster's credentials."""
    (tmp_path / "ca.pem").write_text("CA")
    text = kubeconfig("a", "b", **{"certificate-authority": "ca.pem"})

    cut, name = one_context(text, "b", folder=tmp_path)

    loaded = yaml.safe_load(cut)
    assert name == loaded["current-context"] == "b"
    assert loaded["clusters"][0]["cluster"]["certificate-authority-data"] == "Q0E="
    assert "token-a" not in cut


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{",
        "current-context: x",
        "contexts: [{name: x, context: {cluster: y}}]",
        "contexts: [x]",
        "contexts: [{}]",
        "contexts: [{name: x, context: y}]",
    ],
)
def test_what_is_no_kubeconfig_is_refused(text: str) -> None:
    """With a KubeconfigError, whatever is wrong with it."""
    with pytest.raises(KubeconfigError):
        one_context(text, "x")


def test_a_file_that_a_kubeconfig_names_must_be_there(tmp_path: Path) -> None:
    """The message has the path."""
    text = kubeconfig("a", **{"certificate-authority": "ca.pem"})

    with pytest.raises(KubeconfigError, match=r"ca\.pem"):
        one_context(text, "a", folder=tmp_path)


def consortium(*certificates: str) -> dict[str, Any]:
    return {
        "name": "dev",
        "type": "consortium",
        "domain": "fabric.example.com",
        "ordering": {"organization": {"ports": {"first": 30050}}},
        "organizations": [
            {"name": "one", "ports": {"first": 30100}},
            {
                "name": "two",
                "external": {
                    "mspId": "TwoMSP",
                    "rootCertificates": list(certificates),
                    "tlsRootCertificates": list(certificates),
                },
            },
        ],
    }


@pytest.fixture(scope="module")
def authority() -> str:
    return new_authority(common_name="two CA", organization="two").certificate.decode()


@pytest.mark.usefixtures("local")
def test_certificates_are_read_from_files_of_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, authority: str
) -> None:
    """What another organization sends is a file; text in the stack file does as well."""
    (tmp_path / "two.pem").write_text(f"Its CA:\n{authority}")
    monkeypatch.chdir(tmp_path)

    settings = config.read(stack="dev", data=consortium("two.pem"), kube_context="")
    inline = config.read(stack="dev", data=consortium(authority), kube_context="")

    (named, said) = (each.instance.organizations[1].external for each in (settings, inline))
    assert named is not None
    assert said is not None
    assert named.root_certificates[0].strip() == said.root_certificates[0].strip() == authority.strip()


@pytest.mark.usefixtures("local")
def test_a_certificate_that_is_not_there_is_one_problem_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside all the others, with its place."""
    monkeypatch.chdir(tmp_path)

    report = refusal(data=consortium("two.pem"))

    assert 'organizations[1].external.rootCertificates[0]: "two.pem" — ' in report
    assert "the path of a PEM file that can be read" in report


@pytest.mark.usefixtures("local")
def test_a_key_beside_a_certificate_stays_in_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, authority: str
) -> None:
    """A file of both is a common mistake; the key is neither kept nor shown."""
    (tmp_path / "both.pem").write_text(f"-----BEGIN PRIVATE KEY-----\nSECRET\n{authority}{authority}")
    (tmp_path / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\nSECRET\n")
    monkeypatch.chdir(tmp_path)

    report = refusal(data=consortium("both.pem", "key.pem"))

    assert "SECRET" not in report
    assert "one certificate as PEM text" in report


@pytest.mark.usefixtures("local")
def test_a_secret_value_is_refused() -> None:
    """It would stand in pods, outputs and the state in the clear; the message names where it may be."""
    values = {"fabric:instance": json.dumps(MINIMAL)}
    config.read_values("dev", values, ())

    with pytest.raises(config.StackFileError, match=r"fabric:instance: .a value with .secure:") as refused:
        config.read_values("dev", values, ("fabric:instance",))
    assert "secretEnvironment" in str(refused.value)


@pytest.mark.usefixtures("local")
def test_a_secret_value_is_refused_in_a_program_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of Pulumi's CLI, which has decrypted it, and says of the whole that something in it is secret."""
    pulumi.runtime.set_all_config({"fabric:instance": json.dumps(MINIMAL)}, ["fabric:instance"])
    monkeypatch.setattr(pulumi, "get_stack", lambda: "dev")
    try:
        with pytest.raises(config.StackFileError, match="secure:"):
            config.load()
    finally:
        pulumi.runtime.set_all_config({}, [])
