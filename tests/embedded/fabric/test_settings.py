"""orderer.yaml and core.yaml as upstream reads them."""

from pathlib import Path

import pytest

from heddle.embedded.fabric.settings import load_settings
from heddle.errors import SpecError


def test_the_environment_wins(tmp_path: Path) -> None:
    """Keys do not mind case; a variable is the key in capitals with underscores."""
    (tmp_path / "orderer.yaml").write_text("General:\n  ListenPort: 7050\n  TLS: {Enabled: false}\n")
    environment = {"FABRIC_CFG_PATH": str(tmp_path), "ORDERER_GENERAL_TLS_ENABLED": "true"}
    settings = load_settings("orderer.yaml", "ORDERER", environment)
    assert settings.number("general.listenport", 1) == 7050
    assert settings.flag("General.TLS.Enabled")
    assert settings.text("General.Nothing", "default") == "default"


def test_lists_and_paths(tmp_path: Path) -> None:
    """Lists come from YAML or from text; relative paths start at the configuration folder."""
    (tmp_path / "core.yaml").write_text("a: [x, y]\nb: msp\n")
    environment = {"FABRIC_CFG_PATH": str(tmp_path), "CORE_C": "[p, q]", "CORE_D": "p q"}
    settings = load_settings("core.yaml", "CORE", environment)
    assert settings.texts("a") == ["x", "y"]
    assert settings.texts("c") == settings.texts("d") == ["p", "q"]
    assert settings.texts("none") == []
    assert settings.path("b") == tmp_path / "msp"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The message says which setting asked for which file."""
    (tmp_path / "core.yaml").write_text("tls: {cert: nowhere.pem}\n")
    settings = load_settings("core.yaml", "CORE", {"FABRIC_CFG_PATH": str(tmp_path)})
    with pytest.raises(SpecError, match=r"tls\.cert: cannot read .*nowhere\.pem"):
        settings.contents("tls.cert")
    with pytest.raises(SpecError, match=r"orderer\.yaml"):
        load_settings("orderer.yaml", "ORDERER", {"FABRIC_CFG_PATH": str(tmp_path)})
