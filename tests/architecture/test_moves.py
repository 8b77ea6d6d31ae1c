"""How many files of the package common operations walk through, as tests/moves.py counts them."""

from tests import moves


def test_a_fill_is_recorded_through_39_files() -> None:
    walk = moves.walk_of_a_fill()
    assert len(walk.entered) <= 39, walk.entered
    assert walk.back <= 180


def test_a_missed_fill_is_reconciled_stage_by_stage() -> None:
    """A run walks through the core and 13 files beside it."""
    walk = moves.walk_of_a_reconciliation(is_core_one=True)
    assert len(walk.entered) <= 14, walk.entered
    assert walk.back <= 200


def test_a_missed_fill_is_reconciled_with_few_queries_of_the_core() -> None:
    walk = moves.walk_of_a_reconciliation()
    assert len(walk.entered) <= 110, walk.entered
    assert walk.back <= 2_550
