"""An official Fabric CA as a process on loopback, for tests: skipped where its program is not on PATH."""

from pathlib import Path

from tests import programs
from tests.real.processes import Program, free_ports


class RealCa:
    """A fabric-ca-server with TLS, whose registrar is `registrar` with the password `pw`."""

    def __init__(self, folder: Path) -> None:
        program = programs.program("fabric-ca-server")
        port, operations = free_ports(2)
        argv = [
            program, "start", "-H", str(folder), "-b", "registrar:pw", "--csr.cn", "ca.one",
            "--csr.hosts", "localhost", "--tls.enabled", "--address", "127.0.0.1", "--port", str(port),
        ]  # fmt: skip
        environment = {
            "HOME": str(folder),
            "PATH": "/usr/bin:/bin",
            "FABRIC_CA_SERVER_OPERATIONS_LISTENADDRESS": f"127.0.0.1:{operations}",
        }
        self.process = Program(
            name="fabric-ca-server", argv=argv, environment=environment, log=folder / "log", ports=(port,)
        )
        self.process.start()
        self.process.wait()
        # The server issues its own TLS certificate.
        self.chain = (folder / "ca-cert.pem").read_text()
        self.root = self.chain.encode()
        self.url = f"https://localhost:{port}"

    def stop(self) -> None:
        self.process.stop()
