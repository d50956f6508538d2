"""Several files in $KUBECONFIG are one kubeconfig, merged by kubectl's rules."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from heddle.embedded.engine.kubernetes.connect import default_namespace
from heddle.embedded.engine.kubernetes.settings import Settings
from heddle.kube.kubeconfig import KubeconfigError, default_files, merged, one_context

NAMES = st.sampled_from(["a", "b", "c"])
CLUSTERS = st.fixed_dictionaries(
    {"server": st.sampled_from(["https://x", "https://y"])},
    optional={
        "certificate-authority": st.sampled_from(["ca.pem", "sub/ca.pem"]),
        "tls-server-name": st.just("name"),
        "proxy-url": st.just("http://p:1"),
    },
)
USERS = st.fixed_dictionaries(
    {},
    optional={
        "token": st.just("t"),
        "client-certificate": st.just("ca.pem"),
        "client-key": st.just("sub/ca.pem"),
    },
)
CONTEXTS = st.fixed_dictionaries({"cluster": NAMES, "user": NAMES}, optional={"namespace": st.just("name")})
FILES = st.fixed_dictionaries(
    {
        "clusters": st.dictionaries(NAMES, CLUSTERS, max_size=2),
        "users": st.dictionaries(NAMES, USERS, max_size=2),
        "contexts": st.dictionaries(NAMES, CONTEXTS, max_size=2),
    },
    optional={"current-context": st.sampled_from(["", "a", "b"])},
)


def write(path: Path, content: dict[str, Any]) -> Path:
    """Write a kubeconfig, and beside it the files that it may name, which say where they are."""
    for name in ("ca.pem", "sub/ca.pem"):
        (path.parent / name).parent.mkdir(parents=True, exist_ok=True)
        (path.parent / name).write_text(f"{path.parent.name}/{name}")
    lists = {
        kind: [{"name": name, kind[:-1]: entry} for name, entry in content.get(kind, {}).items()]
        for kind in ("clusters", "contexts", "users")
    }
    path.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "Config", **content, **lists}))
    return path


def told_by_kubectl(files: list[Path]) -> dict[str, Any]:
    done = subprocess.run(
        ["kubectl", "config", "view", "--merge", "--flatten", "--raw", "-o", "json"],
        env={"KUBECONFIG": os.pathsep.join(map(str, files)), "PATH": os.environ["PATH"]},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    config = json.loads(done.stdout)
    for kind in ("clusters", "contexts", "users"):
        config[kind] = {entry["name"]: entry[kind[:-1]] for entry in config[kind] or []}
    return dict(config)


@pytest.mark.needs("kubectl")
def test_merges_as_kubectl_does(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Names, entries, files beside each file, and the current context."""

    @settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], phases=[Phase.generate])
    @given(st.lists(FILES, min_size=1, max_size=3))
    def check(contents: list[dict[str, Any]]) -> None:
        folder = tmp_path_factory.mktemp("merge")
        files = [write(folder / str(index) / "config", content) for index, content in enumerate(contents)]
        files.insert(1, folder / "missing")
        theirs, text = told_by_kubectl(files), merged(files)
        ours = yaml.safe_load(text)
        assert ours["current-context"] == theirs["current-context"]
        for kind in ("clusters", "contexts", "users"):
            assert {entry["name"] for entry in ours[kind]} == theirs[kind].keys()
        for name, context in theirs["contexts"].items():
            if context["cluster"] in theirs["clusters"] and context["user"] in theirs["users"]:
                cut = yaml.safe_load(one_context(text, name)[0])
                assert cut["contexts"][0]["context"] == context
                assert cut["clusters"][0]["cluster"] == theirs["clusters"][context["cluster"]]
                assert cut["users"][0]["user"] == theirs["users"][context["user"]]

    check()


def test_the_first_file_has_the_say(tmp_path: Path) -> None:
    """Entries are taken whole; files named in a file are found beside it."""
    first = write(tmp_path / "first", {"clusters": {"a": {"server": "https://one"}}, "current-context": ""})
    second = write(
        tmp_path / "other" / "second",
        {
            "clusters": {"a": {"server": "https://two", "tls-server-name": "n"}},
            "contexts": {"x": {"cluster": "a", "user": "u", "namespace": "fabric"}},
            "users": {"u": {"client-certificate": "ca.pem", "exec": {"command": "bin/plugin"}}},
            "current-context": "x",
        },
    )
    result, name = one_context(merged([first, tmp_path / "missing", second]))
    parsed = yaml.safe_load(result)
    assert name == "x"
    assert parsed["clusters"] == [{"name": "a", "cluster": {"server": "https://one"}}]
    assert parsed["users"][0]["user"]["exec"]["command"] == str(tmp_path / "other/bin/plugin")
    assert "client-certificate-data" in parsed["users"][0]["user"]


def test_a_plugin_on_path_keeps_its_name(tmp_path: Path) -> None:
    """It has no slash."""
    plugin = {"users": {"u": {"exec": {"command": "plugin"}}}}
    assert "command: plugin\n" in merged([write(tmp_path / "c", plugin)])


def test_the_engine_reads_the_same_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a provider names no kubeconfig: the first current context counts, not the last."""
    files = []
    for name in ("x", "y"):
        contexts = {name: {"cluster": "a", "user": "u", "namespace": f"of-{name}"}}
        files.append(write(tmp_path / name, {"contexts": contexts, "current-context": name}))
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(["", *map(str, files)]))
    assert default_files() == tuple(files)
    assert default_namespace(Settings()) == "of-x"
    assert default_namespace(Settings(context="y")) == "of-y"


def test_a_file_that_is_no_kubeconfig_is_named(tmp_path: Path) -> None:
    """With what is wrong; files that are all missing are an error as well."""
    (tmp_path / "bad").write_text("contexts: 3")
    with pytest.raises(KubeconfigError, match=r"bad: its contexts are not a list"):
        merged([tmp_path / "bad"])
    (tmp_path / "bad").write_bytes(b"\xff\xfe")
    with pytest.raises(KubeconfigError, match=r"bad: it is no text"):
        merged([tmp_path / "bad"])
    with pytest.raises(FileNotFoundError):
        merged([tmp_path / "none", tmp_path / "neither"])
