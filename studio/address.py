"""The address that the studio listens on, taken before anything slow is loaded."""

import socket
from ipaddress import ip_address
from urllib.parse import urlsplit

from engine.errors import BadInput

LOOPBACK = ("127.0.0.1", "localhost", "::1")
EVERYWHERE = ("0.0.0.0", "::")


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises BadInput when the address cannot be had."""
    # Named as TCP, because only then does asyncio send small packets at once instead of up to 40 ms later.
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
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
    if host in EVERYWHERE:
        host = socket.gethostname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def names(host: str) -> frozenset[str]:
    """By which names besides IP addresses a browser may call what listens on `host`, in lower case."""
    machine = socket.gethostname().lower()
    return frozenset({"localhost", host.lower(), machine, machine.split(".")[0], machine.split(".")[0] + ".local"})


def names_us(header: str, known: frozenset[str]) -> bool:
    """Whether a Host header is an IP address or one of the `known` names.

    A page of another site can make its own name point here, and so read what the studio answers. An IP address is
    nobody's name.
    """
    try:
        name = urlsplit(f"//{header}").hostname or ""
        return name in known or bool(ip_address(name))
    except ValueError:
        return False
