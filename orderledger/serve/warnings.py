"""Settings that are allowed, and are probably not what was meant: the warnings of `config check`.

Instruments are compared with those that the ledger knows. Without a ledger, and for an account
without instruments in it, only the form of a name is checked, where the venue's settings know it.
"""

import ipaddress
from collections.abc import Iterator, Mapping
from decimal import Decimal

import httpx

from orderledger import Ledger, LedgerError
from orderledger.extend.runtime import did_you_mean, toml_files
from orderledger.extend.store import is_there
from orderledger.gateway.connecting_settings import senders_of
from orderledger.gateway.settings import GatewaySettings
from orderledger.venues.base.instrument_names import ChecksInstruments
from orderledger.venues.base.settings import VenueSection
from orderledger.venues.collecting.settings import CollectSettings

CLEAR = ("http", "ws")
LOCAL = frozenset({"localhost", "host.docker.internal"})
ONE = Decimal(1)
NO_SENDER = "no account has a key to send orders: `connect` needs an order entry of yours"
Known = Mapping[str, frozenset[str]]
"""The names of instruments by account."""


def known_instruments(db: str) -> Known:
    """The instruments of the ledger. Empty if the ledger is missing or cannot be read."""
    try:
        if not is_there(db):
            return {}
        with Ledger.open(db, update_views=False) as ledger:
            found: dict[str, set[str]] = {}
            for row in ledger.instruments():
                found.setdefault(row["account"], set()).add(row["instrument"])
    except LedgerError:
        return {}
    return {account: frozenset(names) for account, names in found.items()}


def of_venues(settings: CollectSettings, known: Known) -> Iterator[toml_files.Fault]:
    """Warnings about the venues: addresses in clear, and symbols that no instrument has."""
    for number, section in enumerate(settings.venues):
        for name in ("url", "websocket_url"):
            url = str(getattr(section, name, "") or "")
            if _is_clear(url):
                yield (
                    ("venues", number, name),
                    f"{httpx.URL(url).scheme}:// sends requests and keys to another host in clear",
                )
        names = known_of(known, section.names)
        for place, symbol in enumerate(getattr(section, "symbols", ())):
            if (fault := _instrument_fault(symbol, names, (section,))) is not None:
                yield ("venues", number, "symbols", place), fault


def of_gateway(
    settings: GatewaySettings, venues: tuple[VenueSection, ...], known: Known
) -> Iterator[toml_files.Fault]:
    """Warnings about senders, limits, breakers and marks."""
    if venues and not any(any(senders_of(one, settings.accounts)) for one in venues):
        yield ("accounts",), NO_SENDER
    for table in ("limits", "breakers"):
        for number, rule in enumerate(getattr(settings, table)):
            accounts = None if rule.account is None else (rule.account,)
            of = [one for one in venues if accounts is None or rule.account in one.names]
            names = known_of(known, accounts)
            if rule.instrument is not None and (
                fault := _instrument_fault(rule.instrument, names, tuple(of))
            ):
                yield (table, number, "instrument"), fault
    for number, limit in enumerate(settings.limits):
        collar = limit.price_collar
        if collar is not None and collar >= ONE:
            yield (
                ("limits", number, "price_collar"),
                f"is a share of the mark: {collar:f} is {collar * 100:f} %, and 0.02 is 2 %",
            )
    yield from _of_marks(settings)


def _of_marks(settings: GatewaySettings) -> Iterator[toml_files.Fault]:
    ages = [rule.mark_age_seconds for rule in settings.limits if rule.mark_age_seconds]
    is_given = "mark_seconds" in settings.model_fields_set
    if is_given and ages and settings.mark_seconds > (most := float(min(ages)) / 2):
        yield (
            ("mark_seconds",),
            (
                f"{settings.mark_seconds:g} is more than half of the smallest mark_age_seconds, "
                f"{min(ages):f}: marks are recorded every {most:g} s"
            ),
        )


def known_of(known: Known, accounts: tuple[str, ...] | None) -> frozenset[str] | None:
    """The instruments of these accounts, of all without `accounts`. None if one of them has none:
    its instruments are not known yet."""
    names = [known.get(one, frozenset()) for one in (known if accounts is None else accounts)]
    return frozenset().union(*names) if names and all(names) else None


def _instrument_fault(
    name: str, known: frozenset[str] | None, venues: tuple[VenueSection, ...]
) -> str | None:
    """Why the name is perhaps wrong."""
    if known is not None:
        hint = did_you_mean(name, known)
        return None if name in known else f"is not an instrument of the ledger.{hint}".rstrip(".")
    forms = [one.instrument_fault(name) for one in venues if isinstance(one, ChecksInstruments)]
    return forms[0] if len(forms) == len(venues) and forms and all(forms) else None


def _is_clear(url: str) -> bool:
    """Whether an address of another host is not encrypted."""
    if not url or httpx.URL(url).scheme not in CLEAR:
        return False
    host = httpx.URL(url).host
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host not in LOCAL and not host.endswith(".localhost")
