"""A user number without a name, as containers give one: everything that names the user still works."""

import os
import pwd
from pathlib import Path

import pytest

from heddle.errors import EngineError
from heddle.kube.kubeconfig import default_files
from heddle.paths import account_home, expanded, secrets_dir
from heddle.processes import name_of_user, user_name
from heddle.state.backend import Backend
from heddle.state.history import read_acts
from heddle.state.location import state_folder
from heddle.state.log import recorded

VARIABLES = ("LOGNAME", "USER", "LNAME", "USERNAME", "HOME", "KUBECONFIG", "XDG_CONFIG_HOME")


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> str:
    """The system's list of users does not know who runs this, and no variable says it."""

    def unknown(number: int) -> pwd.struct_passwd:
        raise KeyError(f"getpwuid(): uid not found: {number}")

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return str(os.getuid())


def test_the_number_stands_for_the_name(nobody: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless a variable names the user, as `id` and Pulumi's CLI take it."""
    assert user_name() == nobody == name_of_user(os.getuid())
    monkeypatch.setenv("USER", "ada")
    assert user_name() == "ada"


def test_a_stack_is_locked_and_its_log_written(nobody: str, tmp_path: Path) -> None:
    """The lock and the record name the number; so does the log of a lock that alone tells of a run."""
    backend = Backend(tmp_path, "lab", "dev")
    with backend.locked(), recorded(backend, "up"):
        assert [lock.user for lock in backend.holders() if lock] == [nobody]
    assert [act.user for act in read_acts(backend)] == [nobody]


def test_the_home_folder_is_that_of_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There the state is looked for, as Pulumi's CLI does; without it the refusal says what to set."""
    with pytest.raises(EngineError, match="has none here") as refusal:
        state_folder("file://~", tmp_path)
    assert "PULUMI_BACKEND_URL=file://PATH" in refusal.value.hint
    assert account_home() is None
    assert secrets_dir() == Path("/.config/heddle")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert state_folder("file://~", Path()) == tmp_path
    assert secrets_dir() == tmp_path / ".config" / "heddle"


def test_a_kubeconfig_of_no_home_does_not_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As any other file that is not there: whoever reads it says which one."""
    assert default_files() == (Path("~/.kube/config"),)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expanded(Path("~/x")) == tmp_path / "x"
