"""Passwords and tokens are in no error, no log, no status and no evidence."""

import io
import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from orderledger import InvalidSetting, Ledger, StoreError
from orderledger.infrastructure.logs import EventLogger, LogForm, set_up_log
from orderledger.infrastructure.secrecy import learn, masked
from orderledger.infrastructure.storage.urls import public
from orderledger.venues.base.settings import Secret
from orderledger.venues.base.transport.secrecy import Secrecy
from tests.core.contract.streams import fill, parsed, request

HOST = "127.0.0.1:1"
"""Where no server is."""


PARTS = ("hunter", "swordfish")
UNDERSTOOD = (
    f"postgresql://me:hunter%2Fswordfish@{HOST}/orders",
    f"postgresql://me:hunter?swordfish@{HOST}/orders",
    f"postgresql://me@{HOST}/orders?password=hunter/sword@fish",
    f"postgresql://me@{HOST}/orders?application_name=x&password=hunter%40swordfish",
    f"postgres://me:hunter:swordfish@{HOST}/orders",
)
NOT_UNDERSTOOD = (
    f"postgresql://me:hunter/swordfish@{HOST}/orders",
    f"postgresql://me:hunter@swordfish@{HOST}/orders",
    f"postgresql://me:12/swordfish@{HOST}/orders",
    f"postgresql://me:hunter@swordfish/x@{HOST}/orders",
    f"postgresql://me@{HOST}/orders?PASSWORD=hunter/swordfish",
    f"postgresql://me:hunter/swordfish?@{HOST}/orders",
    f"postgresql://me:hunter%2@{HOST}/orders?x",
)


def said_of(url: str) -> str:
    with pytest.raises((StoreError, InvalidSetting)) as raised:
        Ledger.open(url)
    return str(raised.value)


@pytest.mark.parametrize("url", UNDERSTOOD)
def test_of_a_url_that_is_understood_host_and_database_are_shown(url: str) -> None:
    assert public(url) == f"postgresql://{HOST}/orders"
    said = said_of(url)
    assert said.startswith(f"postgresql://{HOST}/orders cannot be used: ") and "refused" in said
    assert [part for part in PARTS if part in said] == []


@pytest.mark.parametrize("url", NOT_UNDERSTOOD)
def test_of_a_url_that_is_not_understood_nothing_is_shown(url: str) -> None:
    said = said_of(url)
    assert said.startswith(
        "db: 'postgresql://...' is not valid: in a user name or a password, write / as %2F"
    )
    assert [part for part in (*PARTS, HOST) if part in said] == []


def test_of_a_url_of_another_database_nothing_is_shown() -> None:
    assert public("mysql://me:hunter/swordfish@host/orders") == "mysql://..."


def test_of_a_server_on_this_machine_the_folder_of_its_socket_is_shown() -> None:
    assert (
        public("postgresql:///orders?host=/run/pg&port=5433&user=me")
        == "postgresql:///orders?host=/run/pg&port=5433"
    )
    assert public("postgresql://me:hunter2@[::1]:5432/orders") == "postgresql://[::1]:5432/orders"


@pytest.mark.slow
def test_the_command_line_shows_none(tmp_path: Path, orderledger_command: Path) -> None:
    for url in (UNDERSTOOD[0], NOT_UNDERSTOOD[0]):
        run = subprocess.run(
            [orderledger_command, "orders", "--db", url],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert run.returncode in (2, 3) and run.stderr.count("\n") == 1
        assert [part for part in PARTS if part in run.stdout + run.stderr] == []


TOKEN = "tok'en/+1234567"


def test_a_secret_that_a_venue_echoes_is_not_recorded(store_url: str) -> None:
    learn(TOKEN)
    echoed = {"auth": TOKEN, "said": [f"your token {TOKEN} is fine"], "price": "1.10"}
    with Ledger.open(store_url, update_views=False) as ledger:
        ledger.record_many(
            parsed(request("C-1"), fill("C-1", "F-1", 1, evidence=echoed, text=f"with {TOKEN}"))
        )
        event = ledger.history("C-1", account="sim:main")[1]
        ledger.internals.publish("collector", {"fault": f"refused: {TOKEN}"})
        status = ledger.status()["collectors"]["collector"]
    assert event["evidence"] == {"auth": "***", "said": ["your token *** is fine"], "price": "1.10"}
    assert (event["text"], status) == ("with ***", {"fault": "refused: ***"})


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_secret_is_in_no_line_of_a_collectors_log(
    form: LogForm, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn(TOKEN)
    log = io.StringIO()
    monkeypatch.setattr(sys, "stderr", log)
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    try:
        set_up_log(form)
        EventLogger("orderledger").info("refused", said=f"{TOKEN}!", address=f"/x?auth={TOKEN}")
        logging.getLogger("websockets").warning("sent %s", json.dumps({"auth": TOKEN}))
        try:
            raise ValueError(f"with {TOKEN}")
        except ValueError:
            logging.getLogger("asyncio").exception("failed")
    finally:
        root.handlers[:], root.level = before[0], before[1]
    lines = log.getvalue()
    assert lines.count("***") >= 4 and "1234567" not in lines  # threads of other tests may learn


def test_what_the_settings_say_is_secret_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_OF_A_VENUE", TOKEN)
    Secret(env="TOKEN_OF_A_VENUE").read("venues.0.token")
    Secrecy(["a-key-of-a-venue"], {"Authorization": "Bearer 0987654321"})
    public(f"postgresql://me:hunter%2Fswordfish@{HOST}/orders?application_name=once")
    said = f"{TOKEN} a-key-of-a-venue 0987654321 hunter/swordfish hunter%2Fswordfish"
    assert masked(said) == "*** *** *** *** ***"


def test_a_secret_is_in_no_error() -> None:
    learn(TOKEN)
    assert str(StoreError(f"with {TOKEN}")) == "with ***"
    assert str(InvalidSetting("db", f"with {TOKEN}")) == "db: with ***"


def test_what_is_too_short_to_be_a_secret_masks_nothing() -> None:
    learn("BTC", "", None)
    assert masked("BTC-USD") == "BTC-USD"
