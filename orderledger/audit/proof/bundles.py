"""Bundles: one file with events of an account, their proof and its checkpoint. A bundle opens as a
read-only ledger."""

import io
import json
import sys
import tempfile
import zipfile
from base64 import b64decode
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from orderledger import StoreUnreachable
from orderledger.audit.errors import NotProved
from orderledger.audit.proof.proving import as_json, prove
from orderledger.audit.proof.verifier import LARGEST, ProofError, verify_inclusion
from orderledger.extend.events import Recorded, codec
from orderledger.extend.runtime import files
from orderledger.extend.store import (
    SCHEMA_VERSION,
    LogRow,
    Store,
    fill_indexes,
    open_store,
    table_names,
)
from orderledger.extend.values import stream_names

FORMAT = "orderledger-bundle-v1"
PROOF, DESCRIPTION = "proof.json", "bundle.json"
MADE_AT = (1980, 1, 1, 0, 0, 0)
"""The time of the files inside: the same bundle has the same bytes."""
SIZE_MAX = 4 << 30


def bundle(
    store: Store,
    path: Path,
    *,
    account: str,
    since: datetime | None = None,
    until: datetime | None = None,
    note: str | None = None,
    is_redacted: bool = False,
) -> int:
    """Write a bundle, and return the number of its events.

    The bundle has all events of the account itself. It has the whole streams of the account's
    orders and proposals with an event in the period. `is_redacted`: without evidence and text.
    Raises NotProved as `prove` does.
    """
    rows = _selected(store, account, since, until)
    if not rows:
        raise NotProved(f"there is no event of {account} in this period")
    if is_redacted:
        _refuse_evidence_inside(rows)
    proof = prove(store, rows, note, shows_evidence=not is_redacted)
    period = {"from": _text(since), "to": _text(until)}
    described = {
        "format": FORMAT,
        "account": account,
        **period,
        "is_redacted": is_redacted,
        "schema": SCHEMA_VERSION,
    }
    with files.written(path):
        files.write_whole(
            path, _zipped({DESCRIPTION: json.dumps(described) + "\n", PROOF: as_json(proof)})
        )
    return len(rows)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _selected(
    store: Store, account: str, since: datetime | None, until: datetime | None
) -> list[LogRow]:
    """The events to bundle. Reads the log once, and keeps the events of the account."""
    streams: dict[str, list[LogRow]] = {}
    wanted: set[str] = set()
    sources: dict[str, set[str]] = {}
    for row in store.all_rows():
        if stream_names.account_of(row.stream) != account:
            continue
        recorded = codec.decode(*row)
        streams.setdefault(row.stream, []).append(row)
        if recorded.attributed_from is not None:
            sources.setdefault(row.stream, set()).add(recorded.attributed_from[0])
        if _is_wanted(recorded, since, until):
            wanted.add(row.stream)
    waiting = list(wanted)
    while waiting:
        more = sources.get(waiting.pop(), set()) - wanted
        wanted |= more
        waiting += more
    return [row for stream in sorted(wanted) for row in streams.get(stream, ())]


def _is_wanted(recorded: Recorded, since: datetime | None, until: datetime | None) -> bool:
    if not stream_names.is_order_stream(recorded.stream) and not stream_names.is_proposal_stream(
        recorded.stream
    ):
        return True
    return (since is None or since <= recorded.at) and (until is None or recorded.at < until)


def _refuse_evidence_inside(rows: list[LogRow]) -> None:
    events = [codec.decode(*row) for row in rows]
    inside = [one for one in events if one.evidence is not None]
    if inside:
        raise NotProved(
            f"{len(inside)} events hold their evidence, as older versions stored it, such as that "
            f"at {inside[0].position}: it cannot be left out without breaking the proof"
        )


def _zipped(texts: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, text in texts.items():
            entry = zipfile.ZipInfo(name, MADE_AT)
            entry.compress_type, entry.create_system, entry.external_attr = (
                zipfile.ZIP_DEFLATED,
                3,
                0o644 << 16,
            )
            archive.writestr(entry, text.encode())
    return packed.getvalue()


# Opening


def read_bundle(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The description and the proof of a bundle. Raises StoreUnreachable for another file, or one
    that is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > SIZE_MAX:
                raise StoreUnreachable(f"{path} is too large")
            described, proof = json.loads(archive.read(DESCRIPTION)), archive.read(PROOF)
        if not isinstance(described, dict) or described.get("format") != FORMAT:
            raise StoreUnreachable(f"{path} is not a bundle of the format {FORMAT}")
        _, document = verify_inclusion(proof)
        return described, document
    except OSError as error:
        raise StoreUnreachable(f"{path} cannot be read: {error.strerror}") from error
    except ProofError as error:
        raise StoreUnreachable(f"{path} was altered: {error}") from error
    except (
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        RuntimeError,
        NotImplementedError,
        EOFError,
    ) as error:
        raise StoreUnreachable(f"{path} is not a bundle: {error}") from error
    except Exception as error:
        if type(error).__module__ != "zlib":
            raise
        raise StoreUnreachable(f"{path} is damaged: {error}") from error


def open_bundle(path: Path, **settings: Any) -> Store:
    """The bundle as a store in a temporary folder, which goes when it is closed. Nothing can be
    recorded in it.

    Every event is checked against the root of the checkpoint. Only `verify-proof` with the public
    key says who signed that.
    """
    _, proof = read_bundle(path)
    folder = tempfile.TemporaryDirectory(prefix="orderledger-bundle-")
    try:
        store = open_store(
            str(Path(folder.name) / "bundle.db"), **{**settings, "synchronous": "OFF"}
        )
        try:
            _fill(store, proof["events"])
        except BaseException:
            store.close()
            raise
    except BaseException:
        folder.cleanup()
        raise
    store.make_read_only(f"{path} is a bundle, and read-only", folder.cleanup)
    return store


def _fill(store: Store, events: list[dict[str, Any]]) -> None:
    insert = (
        f"INSERT INTO {table_names.EVENTS_TABLE} (originator_id, originator_version, topic, state, "
        "notification_id) VALUES (?, ?, ?, ?, ?)"
    )
    beside = (
        f"INSERT INTO {table_names.EVIDENCE_TABLE} (position, salt, evidence, text) "
        "VALUES (?, ?, ?, ?)"
    )
    with store.database.writing() as session:
        for row in _rows(events):
            session.execute(insert, row)
        for event in events:
            if "salt" in event:
                contents = [
                    None if name not in event else event[name].encode()
                    for name in ("evidence", "text")
                ]
                session.execute(beside, (event["position"], b64decode(event["salt"]), *contents))
        fill_indexes(session)


def _rows(events: list[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    for event in events:
        if event["position"] >= min(LARGEST, sys.maxsize):
            raise NotProved(f"position {event['position']} is too large")
        yield (
            event["stream"],
            event["version"],
            event["name"],
            event["event"].encode(),
            event["position"],
        )
