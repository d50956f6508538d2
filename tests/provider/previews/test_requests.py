"""An update that others must sign: stopped, kept, signed, handed in, and then done, by either engine."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from heddle.cli.app import app
from heddle.errors import HeddleError
from heddle.state.outputs import read_resources
from tests.contract.standins import prepared_standins
from tests.network.processes import network_of_processes
from tests.network.samples import use_network
from tests.provider.previews.engines import ENGINES, Project
from tests.provider.previews.recorded import told
from tests.provider.previews.test_drift import project
from tests.provider.previews.world import Wanted
from tests.provider.tokens import CHANNEL
from tests.real.network import RealNetwork

__all__ = ["project"]


@pytest.fixture
def network(tmp_path: Path) -> Iterator[RealNetwork]:
    network = prepared_standins(tmp_path / "network", orderers=3, peers={"alpha": 1, "beta": 1, "gamma": 1})
    network.start()
    yield network
    network.stop()


@pytest.fixture
def heddle(network: RealNetwork, project: Project, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command line in the project's folder, with the network as its stack."""
    use_network(monkeypatch, network_of_processes(network))
    return lambda *arguments: CliRunner().invoke(app, [*arguments, "-C", str(project.folder)])


@ENGINES
async def test_a_request_goes_round(
    network: RealNetwork,
    project: Project,
    heddle: Callable[..., Result],
    official: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Alpha admits gamma, and needs beta: who lives elsewhere, has its key there, and signs there."""
    wanted = Wanted(network, {})
    wanted.add("channel", CHANNEL, wanted.channel())
    wanted.inputs("channel")["signers"] = wanted.signers("ordering", "alpha")
    project.want(wanted.declared())
    await project.up()
    [channel] = read_resources(project.folder, "dev", CHANNEL)
    use_network(monkeypatch, network_of_processes(network, str(channel["genesisHash"])))
    assert "no signatures are missing" in _error(heddle("channel", "request", "dev", "channel", "-o", "x"))

    wanted.inputs("channel")["peerOrganizations"].append(wanted.gamma())
    project.want(wanted.declared())
    if official:
        pulumi = project.pulumi("up", "--yes", "--skip-preview")
        assert pulumi.returncode != 0
        assert "MISSING BetaMSP.admin" in pulumi.stdout + pulumi.stderr
    else:
        said = await project.try_up()
        assert said.failed
        assert "MISSING BetaMSP.admin" in said.messages["channel"][0]

    file, signed = tmp_path / "request.json", tmp_path / "signed.json"
    done = await _run(heddle, "channel", "request", "dev", "channel", "--out", str(file))
    assert "peer organization gamma: added" in done
    assert "nothing was sent" in (await _fails(heddle, "channel", "submit", str(file), "-s", "dev")).lower()
    beta = network.organizations["beta"].admin
    (tmp_path / "beta.pem").write_bytes(beta.certificate)
    (tmp_path / "beta.key").write_bytes(beta.private_key)
    keys = ("--certificate", str(tmp_path / "beta.pem"), "--key", str(tmp_path / "beta.key"))
    sign = ("channel", "sign", str(file), "--msp-id", "BetaMSP", *keys, "-o", str(signed), "--yes")
    assert "no configuration to review" in await _fails(heddle, *sign)
    assert "NOT REVIEWED" in await _run(heddle, *sign, "--unreviewed")
    done = await _run(heddle, "channel", "submit", str(signed), "--stack", "dev", "--yes")
    assert "/Channel/Application/Admins" in done
    assert "configuration 1 is in force" in done

    preview = project.official() if official else await project.preview()
    assert told(preview, network) == {
        "failed": False,
        "steps": {"channel": "update"},
        "messages": {"channel": ["info: channel channel, configuration 1: nothing to change on the ledger"]},
    }
    if official:
        assert project.pulumi("up", "--yes", "--skip-preview").returncode == 0
        assert project.pulumi("preview", "--expect-no-changes").returncode == 0
    else:
        await project.up()
        assert told(await project.preview(), network)["steps"] == {}
    assert "no signatures are missing" in _error(heddle("channel", "request", "dev", "channel", "-o", "x"))


async def _run(heddle: Callable[..., Result], *arguments: str) -> str:
    # The verbs have event loops of their own.
    done = await asyncio.to_thread(heddle, *arguments)
    assert done.exit_code == 0, done.output + str(done.exception)
    return done.output


async def _fails(heddle: Callable[..., Result], *arguments: str) -> str:
    return _error(await asyncio.to_thread(heddle, *arguments))


def _error(done: Result) -> str:
    assert isinstance(done.exception, HeddleError), done.output
    return str(done.exception)
