"""What a key may do: asked of the venue, refused where it can withdraw, and shown in no output."""

import asyncio
import json
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import orderledger
from orderledger import InvalidSetting
from orderledger.simulation import BinanceServer
from orderledger.venues import KeyPermissions
from orderledger.venues.base.settings import Secret
from orderledger.venues.ccxt.key_readers import binance, bybit, okx
from tests.command_line import run
from tests.gateway.connecting.harness import served

ACCOUNT = "ccxt:fake"


async def keys_of(venue: str, folder: Path, gateway: str = "", **change: Any) -> Any:
    async with served(venue, folder, gateway) as (made, path):
        for name, value in change.items():
            setattr(made.server, name, value)
        async with orderledger.connect(path) as desk:
            return desk.keys


def test_a_key_that_can_only_trade_is_taken(tmp_path: Path) -> None:
    found = asyncio.run(keys_of("ccxt", tmp_path))[ACCOUNT]
    assert (found.can_trade, found.can_withdraw, found.has_address_limit) == (True, False, True)
    assert found.words(datetime.now(UTC))["age"] == "90 days"


def test_a_key_that_can_withdraw_is_refused_unless_it_is_allowed(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="the key of ccxt:fake can withdraw"):
        asyncio.run(keys_of("ccxt", tmp_path, key_can_withdraw=True))
    allowed = asyncio.run(
        keys_of("ccxt", tmp_path, "allows_withdrawals = true", key_can_withdraw=True)
    )
    assert allowed[ACCOUNT].can_withdraw


def test_a_key_without_an_address_limit_is_warned_about(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "orderledger.connect"):
        asyncio.run(keys_of("ccxt", tmp_path, key_has_address_limit=False))
    assert "key_without_address_limit account=ccxt:fake" in caplog.text


def test_an_api_wallet_of_hyperliquid_cannot_withdraw_and_the_accounts_own_key_can(
    tmp_path: Path,
) -> None:
    found = asyncio.run(keys_of("hyperliquid", tmp_path))["hyperliquid:fake"]
    assert (found.can_trade, found.can_withdraw, found.has_address_limit) == (True, False, None)
    assert found.words(datetime.now(UTC))["address_limit"] == "not reported"

    async def own() -> None:
        async with served("hyperliquid", tmp_path) as (made, path):
            agents: dict[str, str] = made.server.actions.agents  # type: ignore[attr-defined]
            (wallet,) = agents
            agents.clear()
            made.server.exchange.open_account(wallet)
            async with orderledger.connect(path):
                pass

    with pytest.raises(InvalidSetting, match="can withdraw"):
        asyncio.run(own())


@pytest.mark.parametrize("venue", ["nobitex", "tradier", "lighter"])
def test_a_venue_that_does_not_say_leaves_it_unknown(venue: str, tmp_path: Path) -> None:
    found = asyncio.run(keys_of(venue, tmp_path))[f"{venue}:fake"]
    assert found == KeyPermissions(source=f"{venue} has no documented query about keys")


def test_a_venue_that_does_not_answer_does_not_stop_trading(tmp_path: Path) -> None:
    async def trade() -> str:
        async with served("ccxt", tmp_path) as (made, path):
            assert isinstance(made.server, BinanceServer)
            made.server.key_can_withdraw = "perhaps"  # type: ignore[assignment]
            async with orderledger.connect(path) as desk:
                return desk.keys[ACCOUNT].words(datetime.now(UTC))["can_withdraw"]

    assert asyncio.run(trade()) == "not reported"


def test_documents_of_other_exchanges() -> None:
    limited = {"readOnly": 0, "ips": ["1.2.3.4"], "permissions": {"Spot": ["SpotTrade"]}}
    open_to_all = {
        "readOnly": 0,
        "ips": ["*"],
        "permissions": {"Wallet": ["AccountTransfer", "Withdraw"], "Spot": []},
        "createdAt": "2023-07-04T11:33:39Z",
        "expiredAt": "1970-01-01T00:00:00Z",
    }
    one, other = bybit({"result": limited}), bybit({"result": open_to_all})
    assert (one.can_trade, one.can_withdraw, one.has_address_limit) == (True, False, True)
    assert (other.can_trade, other.can_withdraw, other.has_address_limit) == (False, True, False)
    assert other.created_at == datetime(2023, 7, 4, 11, 33, 39, tzinfo=UTC)
    assert other.expires_at is None
    reads = okx({"data": [{"perm": "read_only,trade", "ip": ""}]})
    assert (reads.can_trade, reads.can_withdraw, reads.has_address_limit) == (True, False, False)
    assert binance({}) == okx({"data": []}) == KeyPermissions()


def test_config_check_asks_only_when_told(tmp_path: Path) -> None:
    async def checked(*options: str) -> Any:
        async with served("ccxt", tmp_path) as (made, path):
            assert isinstance(made.server, BinanceServer)
            made.server.key_can_withdraw = True
            ended = await asyncio.to_thread(run, "config", "check", str(path), "--json", *options)
            asked = made.server.requests["GET /sapi/v1/account/apiRestrictions"]
            return ended.status, asked, [json.loads(line) for line in ended.out.splitlines()]

    assert asyncio.run(checked()) == (0, 0, [])
    status, asked, (fault, key) = asyncio.run(checked("--ask"))
    assert (status, asked) == (1, 1)
    assert fault["fault"] == "the key of ccxt:fake can withdraw"
    assert (key["account"], key["can_withdraw"], key["age"]) == (ACCOUNT, "yes", "90 days")


# Where secrets come from


def test_a_secret_comes_from_a_credential_of_systemd(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nobitex").write_text("token-of-systemd\n")
    secret = Secret(credential="nobitex")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(InvalidSetting, match="CREDENTIALS_DIRECTORY is not set"):
        secret.read("token")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert secret.read("token") == "token-of-systemd"
    assert secret.place == "the credential nobitex"
    with pytest.raises(InvalidSetting, match=r"token.credential: .*cannot be read"):
        Secret(credential="other").read("token")


def test_a_secret_comes_from_the_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(InvalidSetting, match=r"pip install 'orderledger\[keyring\]'"):
        Secret(keyring="nobitex/main").read("token")
    library = ModuleType("keyring")
    entries = {("nobitex", "main"): "token-of-keyring"}
    library.get_password = lambda *entry: entries.get(entry)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", library)
    assert Secret(keyring="nobitex/main").read("token") == "token-of-keyring"
    with pytest.raises(InvalidSetting, match="the keyring has no entry nobitex/other"):
        Secret(keyring="nobitex/other").read("token")


def test_no_key_is_in_a_log_a_traceback_an_error_or_a_repr(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shown: list[str] = []

    async def trade() -> None:
        async with served("hyperliquid", tmp_path) as (made, path):
            secret = str(made.key)
            async with orderledger.connect(path) as desk:
                shown.extend((repr(desk), repr(desk.settings), repr(desk.keys)))
                shown.append(str(vars(desk.gateway._entries["hyperliquid:fake"])))
                log = logging.getLogger("orderledger.connect")
                try:
                    raise RuntimeError(f"failed with {secret}")
                except RuntimeError:
                    log.exception("a bot logs %s", secret)
            shown.append(secret)

    with caplog.at_level(logging.DEBUG):
        asyncio.run(trade())
    secret = shown.pop()
    assert not [text for text in (*shown, caplog.text) if secret in text]
    assert "a bot logs ***" in caplog.text
