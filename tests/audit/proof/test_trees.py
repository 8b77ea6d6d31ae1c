"""Roots and paths from tiles are those of RFC 6962, at every size."""

from random import Random

import pytest

from orderledger.audit.proof import tiles
from orderledger.audit.proof.verifier import (
    ProofError,
    check_consistency,
    leaf_hash,
    root_of_path,
)
from tests.audit.proof import auditor
from tests.audit.proof.orders import with_evidence
from tests.core.contract.streams import lives, opened, parsed

CHANCE = Random(7)
ENTRIES = [CHANCE.randbytes(CHANCE.randrange(40)) for _ in range(700)]
SIZES = [1, 2, 3, 4, 5, 7, 8, 31, 32, 33, 255, 256, 257, 511, 512, 513, 699, 700]


def tree_of(size: int) -> tiles.Tree:
    level = [leaf_hash(entry) for entry in ENTRIES[:size]]
    levels = [level]
    while len(level) >= tiles.WIDTH:
        whole = range(0, len(level) - tiles.WIDTH + 1, tiles.WIDTH)
        level = [tiles.merged(level[start : start + tiles.WIDTH]) for start in whole]
        levels.append(level)
    return tiles.Tree(
        size, lambda level, number: levels[level][number * tiles.WIDTH : (number + 1) * tiles.WIDTH]
    )


@pytest.mark.parametrize("size", SIZES)
def test_roots_and_paths_are_those_of_the_rfc(size: int) -> None:
    tree, entries = tree_of(size), ENTRIES[:size]
    assert tree.root() == auditor.tree_hash(entries)
    for index in {0, size // 2, size - 1, CHANCE.randrange(size)}:
        path = tree.path(index)
        assert path == auditor.audit_path(index, entries)
        leaf = leaf_hash(entries[index])
        assert (
            root_of_path(index, size, leaf, path)
            == tree.root()
            == auditor.root_from_path(index, size, leaf, path)
        )


@pytest.mark.parametrize("size", SIZES)
def test_consistency_proofs_are_those_of_the_rfc_and_no_others_are_accepted(size: int) -> None:
    tree = tree_of(size)
    for old in {1, size // 2, size - 1, size} - {0}:
        path, old_root = tree.consistency(old), tree_of(old).root()
        assert path == auditor.consistency_proof(old, ENTRIES[:size])
        check_consistency(old, size, old_root, tree.root(), path)
        for spoiled in (
            [*path, bytes(32)],
            path[:-1] if path else [bytes(32)],
            [bytes(32), *path[1:]] if path else [b""],
        ):
            with pytest.raises(ProofError):
                check_consistency(old, size, old_root, tree.root(), spoiled)
        with pytest.raises(ProofError):
            check_consistency(old, size, bytes(32), tree.root(), path)


def test_the_tree_over_nothing_is_that_of_the_rfc() -> None:
    assert tree_of(0).root() == auditor.tree_hash([])


def test_tiles_that_grow_step_by_step_are_those_of_one_step(durable_store_url: str) -> None:
    messages = parsed(*lives(90), *with_evidence(60, "a/b"))
    with opened(durable_store_url) as ledger:
        start = 0
        for step in (1, 2, 100, 153, 3, len(messages)):
            ledger.record_many(messages[start : start + step])
            start += step
            tiles.update(ledger.internals.store.database)
        with ledger.internals.store.database.reading() as session:
            reached = tiles.end(session)
            grown = session.execute(
                "SELECT level, number, hashes, positions FROM proof_tiles ORDER BY level, number"
            )
            root = tiles.stored_tree(session, reached.size).root()
        with ledger.internals.store.database.writing() as session:
            session.execute("DELETE FROM proof_tiles")
        assert tiles.update(ledger.internals.store.database) == reached
        with ledger.internals.store.database.reading() as session:
            assert (
                session.execute(
                    "SELECT level, number, hashes, positions FROM proof_tiles ORDER BY level, "
                    "number"
                )
                == grown
            )
        rows = list(ledger.internals.store.all_rows())
    assert reached.size == len(rows) and reached.position == rows[-1].position
    fields = ("stream", "version", "name", "position")
    entries = [
        auditor.leaf_data({**{f: getattr(row, f) for f in fields}, "event": row.state.decode()})
        for row in rows
    ]
    assert root == auditor.tree_hash(entries)
