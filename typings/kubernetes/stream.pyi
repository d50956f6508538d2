from collections.abc import Callable
from socket import socket

class _PortForward:
    def socket(self, port: int) -> socket: ...

def stream(
    method: Callable[[str, str], str],
    name: str,
    namespace: str,
    *,
    command: list[str],
    stdout: bool = ...,
    stderr: bool = ...,
) -> str: ...
def portforward(
    method: Callable[[str, str], object], name: str, namespace: str, *, ports: str
) -> _PortForward: ...
