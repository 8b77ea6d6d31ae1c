"""Ports that stay reserved for a server while it is down."""

import socket


def held(host: str, port: int = 0) -> socket.socket:
    """A socket with this port, or a free one, on which nobody listens: connections are refused, and
    no other program gets it.

    On Linux a server that sets SO_REUSEADDR, as most do, may listen on it meanwhile. Elsewhere
    close this socket first.
    """
    holding = socket.socket()
    try:
        holding.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holding.bind((host, port))
    except OSError:
        holding.close()
        raise
    return holding
