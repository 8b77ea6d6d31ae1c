"""A pooler in transaction mode: all clients share one session of the server, each for the length of
a transaction."""

import socket
import struct
import threading
from contextlib import suppress

NO_ENCRYPTION = {80877103, 80877104}
"""Codes of the requests for TLS and for GSSAPI."""


class TransactionPooler:
    """Listens on loopback."""

    def __init__(self, server: str, user: str, database: str) -> None:
        self._server = socket.socket(socket.AF_UNIX)
        self._server.connect(server)
        words = b"\0".join((b"user", user.encode(), b"database", database.encode(), b"\0"))
        self._server.sendall(struct.pack("!ii", 8 + len(words), 196608) + words)
        self._greeting = self._answer()
        self._turn = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()
        self._server.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            while struct.unpack("!i", _startup(client)[:4])[0] in NO_ENCRYPTION:
                client.sendall(b"N")
            client.sendall(b"".join(_hidden(one) for one in self._greeting))
            while (message := _message(client))[:1] != b"X":
                with self._turn:
                    self._run(client, message)

    def _run(self, client: socket.socket, message: bytes) -> None:
        """Carry one transaction, which begins with this message."""
        while True:
            self._server.sendall(message)
            if message[:1] in b"QS":
                answer = self._answer()
                client.sendall(b"".join(answer))
                if answer[-1][-1:] == b"I":  # no transaction is open
                    return
            message = _message(client)
            if message[:1] == b"X":
                self._server.sendall(b"Q" + struct.pack("!i", 13) + b"ROLLBACK\0")
                self._answer()
                raise OSError

    def _answer(self) -> list[bytes]:
        messages = [_message(self._server)]
        while messages[-1][:1] != b"Z":
            messages.append(_message(self._server))
        return messages


def _hidden(message: bytes) -> bytes:
    """The message without the process id of the server."""
    return message[:5] + b"\0\0\0\x01" + message[9:] if message[:1] == b"K" else message


def _startup(source: socket.socket) -> bytes:
    (length,) = struct.unpack("!i", _exactly(source, 4))
    return _exactly(source, length - 4)


def _message(source: socket.socket) -> bytes:
    head = _exactly(source, 5)
    return head + _exactly(source, struct.unpack("!i", head[1:])[0] - 4)


def _exactly(source: socket.socket, length: int) -> bytes:
    found = b""
    while len(found) < length:
        piece = source.recv(length - len(found))
        if not piece:
            raise OSError
        found += piece
    return found
