"""One real ordering node as a process on loopback, driven by osnadmin."""

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from fabric_protos.common import common_pb2

from heddle.configtx.settings import ChannelSettings
from tests.configtx.networks import organization, trade
from tests.programs import program
from tests.real.mspfolder import msp_folder

PROGRAMS = ("orderer", "osnadmin", "configtxlator", "configtxgen", "cryptogen")
"""What driving the node takes."""
START_SECONDS = 30.0


class OrdererProcess:
    """What a test may ask of the node; every answer is osnadmin's."""

    def __init__(self, folder: Path, port: int, admin: int, process: subprocess.Popen[bytes]) -> None:
        self.folder = folder
        self.port = port
        self.admin = admin
        self.process = process

    def osnadmin(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """HTTP status and body."""
        tls = self.folder / "tls"
        done = subprocess.run(
            [
                "osnadmin",
                "channel",
                *arguments,
                f"--orderer-address=127.0.0.1:{self.admin}",
                f"--ca-file={tls / 'ca.crt'}",
                f"--client-cert={tls / 'server.crt'}",
                f"--client-key={tls / 'server.key'}",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if not done.stdout.startswith("Status: "):
            return 0, {"error": done.stdout + done.stderr}
        status, _, body = done.stdout.removeprefix("Status: ").partition("\n")
        return int(status), json.loads(body) if body.strip().startswith("{") else {}

    def join(self, block: common_pb2.Block, channel: str = "trade") -> tuple[int, dict[str, Any]]:
        path = self.folder / "genesis.block"
        path.write_bytes(block.SerializeToString())
        return self.osnadmin("join", "--channelID", channel, "--config-block", str(path))

    def info(self, channel: str = "trade") -> dict[str, Any]:
        return self.osnadmin("list", "--channelID", channel)[1]

    def update(self, envelope: common_pb2.Envelope, channel: str = "trade") -> tuple[int, dict[str, Any]]:
        path = self.folder / "update.pb"
        path.write_bytes(envelope.SerializeToString())
        deadline = time.monotonic() + START_SECONDS
        while True:
            answer = self.osnadmin("update", "--channelID", channel, "--config-update-envelope", str(path))
            # "active" says nothing about a leader, not even in a cluster of one.
            if "no Raft leader" not in answer[1].get("error", "") or time.monotonic() > deadline:
                return answer
            time.sleep(0.1)

    def block(self, which: str, channel: str = "trade") -> common_pb2.Block:
        path = self.folder / "fetched.block"
        self.osnadmin("fetch", "--channelID", channel, "--blockID", which, "--outputfile", str(path))
        return common_pb2.Block.FromString(path.read_bytes())

    def wait_for(self, status: str, height: int) -> dict[str, Any]:
        """Until the channel is in this status at this height."""
        deadline = time.monotonic() + START_SECONDS
        while (info := self.info()).get("status") != status or info.get("height") != height:
            if time.monotonic() > deadline or self.process.poll() is not None:
                log = (self.folder / "log").read_text()[-3000:]
                raise AssertionError(f"channel is {info}, expected {status} at {height}\n{log}")
            time.sleep(0.05)
        return info


@contextmanager
def running(folder: Path, settings: ChannelSettings | None = None) -> Iterator[OrdererProcess]:
    """Start the first consenter of `settings`; it answers when the context begins and is gone after it."""
    settings = settings or trade(1)
    listen, admin, operations = _free_ports(3)
    _write_files(folder, settings.consenters[0].host, listen, admin, operations)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program("orderer")],
            env={"FABRIC_CFG_PATH": str(folder), "PATH": "/usr/bin:/bin"},
            stdout=log,
            stderr=log,
            cwd=folder,
        )
        node = OrdererProcess(folder, listen, admin, process)
        try:
            _await_answer(node)
            yield node
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await_answer(node: OrdererProcess) -> None:
    deadline = time.monotonic() + START_SECONDS
    while node.osnadmin("list")[0] != 200:
        if time.monotonic() > deadline or node.process.poll() is not None:
            raise AssertionError(f"the orderer does not answer\n{(node.folder / 'log').read_text()[-3000:]}")
        time.sleep(0.05)


def _write_files(folder: Path, host: str, listen: int, admin: int, operations: int) -> None:
    owner = organization("orderer")
    signer, tls = owner.signer("orderer", host), owner.server(host)
    files = {
        f"msp/{path}": content
        for path, content in msp_folder(
            owner.msp, certificate=signer.certificate, private_key=signer.private_key
        ).items()
    }
    files |= {"tls/server.crt": tls.certificate, "tls/server.key": tls.private_key}
    files["tls/ca.crt"] = owner.tls.certificate
    files["orderer.yaml"] = yaml.safe_dump(_settings(folder, listen, admin, operations)).encode()
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _settings(folder: Path, listen: int, admin: int, operations: int) -> dict[str, Any]:
    tls = {
        "Enabled": True,
        "Certificate": str(folder / "tls/server.crt"),
        "PrivateKey": str(folder / "tls/server.key"),
    }
    roots = [str(folder / "tls/ca.crt")]
    return {
        "General": {
            "ListenAddress": "127.0.0.1",
            "ListenPort": listen,
            "TLS": tls | {"RootCAs": roots},
            "BootstrapMethod": "none",
            "LocalMSPDir": str(folder / "msp"),
            "LocalMSPID": organization("orderer").msp.msp_id,
            "BCCSP": {"Default": "SW", "SW": {"Hash": "SHA2", "Security": 256}},
        },
        "FileLedger": {"Location": str(folder / "ledger")},
        "ChannelParticipation": {"Enabled": True, "MaxRequestBodySize": "1 MB"},
        "Admin": {
            "ListenAddress": f"127.0.0.1:{admin}",
            "TLS": tls | {"RootCAs": roots, "ClientAuthRequired": True, "ClientRootCAs": roots},
        },
        "Consensus": {"WALDir": str(folder / "wal"), "SnapDir": str(folder / "snap")},
        "Operations": {"ListenAddress": f"127.0.0.1:{operations}"},
        "Metrics": {"Provider": "disabled"},
    }


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
