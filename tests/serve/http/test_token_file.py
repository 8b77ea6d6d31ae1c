"""The file of tokens is read again when it changes, under load and under readers of the stream."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from orderledger import Ledger
from orderledger.infrastructure.errors import InvalidSetting
from orderledger.serve.tokens import SETTLING_NS, TokenFile
from tests.captured_logs import captured
from tests.serve.http.harness import day
from tests.serve.http.people import TOKENS, bearer, message_of, write_tokens
from tests.serve.http.processes import Server, events_of


def is_known(tokens: TokenFile, name: str) -> bool:
    return tokens.find(TOKENS[name].encode()) is not None


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_changed_file_holds_at_the_next_question(tmp_path: Path) -> None:
    path = write_tokens(tmp_path / "tokens.toml", ["reader", "recorder"])
    tokens = TokenFile(path)
    assert is_known(tokens, "recorder")
    write_tokens(path, ["reader", "operator"])
    assert [is_known(tokens, name) for name in ("reader", "recorder", "operator")] == [
        True,
        False,
        True,
    ]


def test_a_file_that_is_written_in_place_twice_within_a_tick_of_the_clock_is_read_again(
    tmp_path: Path,
) -> None:
    """The second text is as long as the first, and the times of the file need not tell them
    apart."""
    path = write_tokens(tmp_path / "tokens.toml", ["recorder"])
    tokens, text = TokenFile(path), path.read_text()
    for _ in range(50):
        for name, other in (("recorder", "operator"), ("operator", "recorder")):
            path.write_text(text.replace("recorder", name).replace("['operator']", "['operate']"))
            assert is_known(tokens, name) and not is_known(tokens, other)


@pytest.mark.parametrize("text", ["", "[[tokens", "[[tokens]]\nname = 'x'\n"])
def test_a_file_that_cannot_be_used_changes_nothing_and_is_told_once(
    text: str, tmp_path: Path
) -> None:
    path = write_tokens(tmp_path / "tokens.toml", ["reader"])
    with captured() as log:
        tokens = TokenFile(path)
        path.write_text(text)
        assert all(is_known(tokens, "reader") for _ in range(5))
    assert [line["event"] for line in log] == ["tokens_kept"]
    write_tokens(path, ["operator"])
    assert (is_known(tokens, "reader"), is_known(tokens, "operator")) == (False, True)


def test_a_file_that_others_may_read_or_that_is_gone_changes_nothing(tmp_path: Path) -> None:
    path = write_tokens(tmp_path / "tokens.toml", ["reader"])
    tokens = TokenFile(path)
    time.sleep(SETTLING_NS / 1e9)
    assert is_known(tokens, "reader")
    write_tokens(path, ["operator"])
    os.chmod(path, 0o644)
    assert (is_known(tokens, "reader"), is_known(tokens, "operator")) == (True, False)
    os.chmod(path, 0o600)
    assert (is_known(tokens, "reader"), is_known(tokens, "operator")) == (False, True)
    path.unlink()
    assert is_known(tokens, "operator")
    with pytest.raises(InvalidSetting, match="cannot be read"):
        TokenFile(path)


@contextmanager
def posting(server: Server, name: str) -> Iterator[list[int]]:
    """Somebody who records all the time with a token. Gives the statuses of the answers."""
    statuses: list[int] = []
    is_over = threading.Event()

    def post() -> None:
        with httpx.Client(base_url=server.url) as client:
            number = 0
            while not is_over.is_set():
                number += 1
                message = message_of("mark", price=str(number), actor=name)
                statuses.append(
                    client.post("/api/messages", json=message, headers=bearer(name)).status_code
                )

    thread = threading.Thread(target=post)
    thread.start()
    try:
        yield statuses
    finally:
        is_over.set()
        thread.join(20)


@pytest.mark.slow
def test_a_removed_token_stops_at_once_under_load_and_the_others_go_on(
    store: Path, ledger: Ledger
) -> None:
    tokens = write_tokens(store.with_name("tokens.toml"), ["collector", "all"])
    with (
        Server(store, "--tokens", str(tokens)) as server,
        posting(server, "collector") as left,
        posting(server, "all") as going,
    ):
        until(lambda: len(left) > 20 and len(going) > 20)
        write_tokens(tokens, ["all", "reader"])
        removed = httpx.get(f"{server.url}/api/me", headers=bearer("collector"))
        assert removed.status_code == 401
        assert httpx.get(f"{server.url}/api/orders", headers=bearer("reader")).status_code == 200
        seen = len(left) + 1  # one may have been on its way
        until(lambda: len(left) > seen + 20)
        assert set(left[seen:]) == {401}
        tokens.write_text("[[tokens")
        enough = len(going) + 20
        until(lambda: len(going) > enough)
        write_tokens(tokens, ["collector", "all"])
        until(lambda: left[-1] == 200)
    assert set(going) == {200}
    assert set(left) == {200, 401}
    assert sum("tokens_kept" in line for line in server.log) in (1, 2), (
        "an empty file, then half a one"
    )
    assert TOKENS["all"] not in "".join(server.log)


class Reader(threading.Thread):
    """Reads the stream with a token until it ends."""

    def __init__(self, server: Server, name: str) -> None:
        super().__init__(daemon=True)
        self._url, self._name = f"{server.url}/api/stream", name
        self.seen: list[str] = []
        self.reason = ""

    def run(self) -> None:
        with (
            suppress(httpx.HTTPError),
            httpx.stream("GET", self._url, headers=bearer(self._name), timeout=30) as answer,
        ):
            for name, _, document in events_of(answer.iter_lines()):
                self.seen.append(name)
                self.reason = document.get("reason", "")


@pytest.mark.slow
def test_the_stream_of_a_removed_token_ends_and_that_of_another_goes_on(store: Path) -> None:
    with Ledger.open(store, update_views=False) as ledger:
        messages = list(day(6))
        ledger.record_many(messages[:6])
        tokens = write_tokens(store.with_name("tokens.toml"), ["reader", "all"])
        with Server(store, "--tokens", str(tokens)) as server:
            removed, kept = Reader(server, "reader"), Reader(server, "all")
            removed.start()
            kept.start()
            until(lambda: "status" in removed.seen and "status" in kept.seen)
            write_tokens(tokens, ["all"])
            removed.join(5)
            assert (removed.is_alive(), removed.seen[-1], removed.reason) == (
                False,
                "bye",
                "the token is no longer valid for reading",
            )
            ledger.record_many(messages[6:])
            until(lambda: kept.seen.count("event") == len(messages[6:]))
            assert kept.is_alive()
            assert (
                httpx.get(f"{server.url}/api/stream", headers=bearer("reader")).status_code == 401
            )
