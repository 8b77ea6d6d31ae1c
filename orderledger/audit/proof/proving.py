"""Makes proofs: that events are in the log of a checkpoint, and that one checkpoint is the
beginning of another."""

import json
from base64 import b64encode
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from orderledger.audit.errors import NotProved
from orderledger.audit.proof import checkpoints, tiles
from orderledger.audit.proof.tiles import WIDTH, Tree
from orderledger.audit.proof.verifier import FORMAT, Checkpoint, leaf_bytes, leaf_hash
from orderledger.extend.store import LogRow, Session, Store, table_names


def prove(
    store: Store, rows: Sequence[LogRow], note: str | None = None, *, shows_evidence: bool = False
) -> dict[str, Any]:
    """The proof that these events are in the log of a checkpoint: of `note`, by default of the
    newest in the store.

    `shows_evidence`: also show evidence and text. Raises NotProved if the store differs from the
    checkpoint, or the checkpoint is older than the events.
    """
    with store.database.reading() as session:
        note, checkpoint, tree = checked_tree(session, note)
        finder = _Finder(session, checkpoint, tree)
        events = [finder.proved(row) for row in sorted(rows, key=lambda row: row.position)]
    if shows_evidence:
        _show(store, events)
    return {"format": FORMAT, "checkpoint": note, "events": events}


def checked_tree(session: Session, note: str | None) -> tuple[str, Checkpoint, Tree]:
    """The checkpoint, and the tree of the store's tiles, which fits it."""
    if note is None:
        newest = checkpoints.last_stored(session)
        if newest is None:
            raise NotProved("the store has no checkpoint: make one with `orderledger checkpoint`")
        note = newest.note
    checkpoint = checkpoints.parsed(note)
    if checkpoint.size > tiles.end(session).size:
        raise NotProved(
            f"the checkpoint has {checkpoint.size} events, the store has tiles of "
            f"{tiles.end(session).size}"
        )
    tree = tiles.stored_tree(session, checkpoint.size)
    if tree.root() != checkpoint.root:
        raise NotProved(
            "the tiles of the store do not fit the checkpoint: run `orderledger verify`"
        )
    return note, checkpoint, tree


def consistency(store: Store, old: str, new: str) -> list[str]:
    """The hashes, in base64, that prove that the old checkpoint is the beginning of the new one.
    See `verifier.check_consistency`."""
    with store.database.reading() as session:
        earlier, (_, _, tree) = checkpoints.parsed(old), checked_tree(session, new)
        if earlier.size > tree.size or tree.root(earlier.size) != earlier.root:
            raise NotProved("the old checkpoint is not the beginning of the new one")
        return [b64encode(node).decode() for node in tree.consistency(earlier.size)]


def as_json(proof: dict[str, Any]) -> str:
    """The proof as the text of a file."""
    return json.dumps(proof, ensure_ascii=False, separators=(",", ":")) + "\n"


class _Finder:
    """Finds the numbers of leaves by the positions in their tiles."""

    def __init__(self, session: Session, checkpoint: Checkpoint, tree: Tree) -> None:
        self._session, self._checkpoint, self._tree = session, checkpoint, tree
        self._known: dict[int, list[int]] = {}

    def proved(self, row: LogRow) -> dict[str, Any]:
        """One event of a proof."""
        index = self._index(row.position)
        if index is None or index >= self._checkpoint.size:
            raise NotProved(
                f"the event at position {row.position} is newer than the checkpoint of "
                f"{self._checkpoint.size} events: make a new one"
            )
        path = self._tree.path(index)
        leaf = leaf_hash(leaf_bytes(row.position, row.stream, row.version, row.name, row.state))
        if leaf != self._tree.root_of_leaf(index):
            raise NotProved(
                f"the event at position {row.position} was altered: run `orderledger verify`"
            )
        return {
            "index": index,
            "position": row.position,
            "stream": row.stream,
            "version": row.version,
            "name": row.name,
            "event": row.state.decode(),
            "path": [b64encode(node).decode() for node in path],
        }

    def _index(self, position: int) -> int | None:
        """Binary search over the tiles: positions may have holes."""
        low, high = 0, (tiles.end(self._session).size - 1) // WIDTH
        while low <= high:
            middle = (low + high) // 2
            places = self._places(middle)
            if not places or position < places[0]:
                high = middle - 1
            elif position > places[-1]:
                low = middle + 1
            else:
                offset = bisect_left(places, position)
                return middle * WIDTH + offset if places[offset] == position else None
        return None

    def _places(self, number: int) -> list[int]:
        if number not in self._known:
            found = self._session.execute(
                f"SELECT positions FROM {table_names.TILES_TABLE} WHERE level = 0 AND number = ?",
                (number,),
            )
            parts = tiles.split(bytes(found[0][0]), 8) if found else []
            self._known[number] = [int.from_bytes(part, "big") for part in parts]
        return self._known[number]


def _show(store: Store, events: list[dict[str, Any]]) -> None:
    """Add salt, evidence and text to the events that have any."""
    kept = store.recorder.evidence_at([event["position"] for event in events])
    for event in events:
        if event["position"] in kept:
            salt, *contents = kept[event["position"]]
            shown = {
                name: bytes(one).decode()
                for name, one in zip(("evidence", "text"), contents, strict=True)
                if one is not None
            }
            event.update({"salt": b64encode(bytes(salt)).decode(), **shown})
