"""A PostgreSQL server, or what stands before it, that accepts what it is told and never answers."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

import pytest

from orderledger import InvalidSetting, Ledger, OutcomeUnknown, StoreUnreachable
from tests.core.contract.streams import parsed, request


class SilentLine:
    """Between a client and a server. While `is_silent` it carries what the client says, and nothing
    back."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.speaks = threading.Event()
        self.speaks.set()
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()
        self.speaks.set()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._server)
                for arguments in ((client, server, None), (server, client, self.speaks)):
                    threading.Thread(target=_carry, args=arguments, daemon=True).start()


def _carry(source: socket.socket, target: socket.socket, gate: threading.Event | None) -> None:
    with suppress(OSError):
        while said := source.recv(65_536):
            if gate is not None:
                gate.wait()
            target.sendall(said)
    for one in (source, target):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def line(postgres_schema_url: str) -> Iterator[SilentLine]:
    asked = parse_qs(urlsplit(postgres_schema_url).query)
    line = SilentLine(f"{asked['host'][0]}/.s.PGSQL.{asked['port'][0]}")
    yield line
    line.close()


@pytest.fixture
def url(line: SilentLine, postgres_schema_url: str) -> str:
    asked = parse_qs(urlsplit(postgres_schema_url).query)
    by_line = postgres_schema_url.replace(asked["host"][0], "127.0.0.1").replace(
        f"port={asked['port'][0]}", f"port={line.port}"
    )
    return f"{by_line}&connect_timeout=2"


@pytest.mark.slow
def test_a_commit_that_nobody_answers_is_unknown_and_a_question_says_so(
    line: SilentLine, url: str, postgres_schema_url: str
) -> None:
    messages = parsed(request("C-1"), request("C-2"))
    with Ledger.open(url, answer_timeout=1, update_views=False) as ledger:
        ledger.record(messages[0])
        line.speaks.clear()
        with pytest.raises(OutcomeUnknown, match="no answer from the server within 1 s"):
            ledger.record(messages[1])
        with pytest.raises(
            StoreUnreachable, match="no answer from the server within 1 s|couldn't get a connection"
        ):
            ledger.orders()
        line.speaks.set()
        assert [told.outcome for told in ledger.record_many(messages)] == ["duplicate", "duplicate"]
        assert len(ledger.orders()) == 2
    with Ledger.open(postgres_schema_url, update_views=False) as ledger:
        assert ledger.views.check().differences == ()


@pytest.mark.slow
def test_a_server_that_accepts_a_connection_and_never_answers_is_given_up(
    line: SilentLine, url: str
) -> None:
    line.speaks.clear()
    with pytest.raises(StoreUnreachable, match="timeout"):
        Ledger.open(url, answer_timeout=1)


@pytest.mark.slow
def test_a_statement_that_takes_long_is_waited_for(url: str) -> None:
    with (
        Ledger.open(url, answer_timeout=1, update_views=False) as ledger,
        ledger._store.database.reading() as session,
    ):
        assert session.execute("SELECT 1 FROM pg_sleep(2.5)") == [(1,)]


@pytest.mark.parametrize("seconds", [0, -1, 90_000, 1.5])
def test_the_time_to_wait_is_a_whole_number_of_seconds(seconds: int) -> None:
    with pytest.raises(
        InvalidSetting, match="answer_timeout: .* is not a whole number of seconds from 1 to 86400"
    ):
        Ledger.open("memory://", answer_timeout=seconds)
