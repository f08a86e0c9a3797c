"""The address that the studio listens on, taken before anything slow is loaded."""

import socket

from engine.errors import BadInput

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises BadInput when the address cannot be had."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(128)
    except OSError as error:
        sock.close()
        reason = error.strerror or error
        raise BadInput(f"{host} port {port} cannot be used ({reason}); choose another --port or --host.") from None
    return sock


def url(host: str, port: int) -> str:
    """What to type into a browser; where every address of this machine is listened on, by its name."""
    if host in ("0.0.0.0", "::"):
        host = socket.gethostname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
