"""The checker finds what is wrong in a made-up history, and nothing in one that is right. `make
histories` plays real ones."""

from pathlib import Path
from typing import Any

import pytest

from tests.crash.planted import PlantedFault, planted_faults
from tests.histories.__main__ import FAULTS, KINDS, found_in, judged
from tests.histories.checker import Checker
from tests.histories.history import Operation, Writer, operations
from tests.histories.stores import Failover, Row
from tests.histories.world import NEMESES, Observed, Plan
from tests.mutants.__main__ import REPOSITORY, place_of

PLANTED = planted_faults(FAULTS)
ROWS = [
    Row(1, "sim:h/O-1", 1, "order_requested.v1", "A.1", None),
    Row(2, "sim:h/O-1", 2, "fill_recorded.v1", "A.2", "A.2"),
    Row(3, "sim:g/G-1", 1, "order_submitted.v1", None, None),
]


def asked(token: str, begin: int, *answer: Any, phase: str = "ok") -> Operation:
    end = None if phase == "unknown" else begin + 5
    return Operation(1, "record", [[token, "fill", "O-1"]], begin, end, phase, [[*answer]])


def read(kind: str, what: Any, begin: int, answer: Any) -> Operation:
    return Operation(2, kind, what, begin, begin + 5, "ok", answer)


def followed(after: int, *rows: Row) -> list[Operation]:
    begun = Operation(3, "begin", None, 0, 0, "ok", after)
    return [begun, *(Operation(3, "event", None, 1, 1, "ok", shown(row)) for row in rows)]


def shown(row: Row) -> list[Any]:
    return [*row[:3], row.token]


def violations(
    *records: Operation,
    reads: tuple[Operation, ...] = (),
    events: list[Operation] | None = None,
    rows: list[Row] = ROWS,
    failover: Failover | None = None,
    sent: dict[str, int] | None = None,
) -> list[str]:
    histories = {"A": [*records], "B": [], "R": [*reads], "F": events or []}
    seen = Observed("sqlite", histories, rows, failover, sent or {"G-1": 1}, [])
    return Checker(seen).violations()


RIGHT = (asked("A.1", 10, "recorded", 1), asked("A.2", 20, "recorded", 2))


def test_a_right_history_has_no_violation() -> None:
    assert not violations(
        *RIGHT,
        asked("A.2", 30, "duplicate", None),
        asked("A.3", 40, "refused", None),
        asked("A.4", 50, phase="unknown"),
        reads=(
            read("position", None, 30, 3),
            read("tail", 1, 40, [shown(ROWS[1]), shown(ROWS[2])]),
            read("order", "O-1", 50, 1),
        ),
        events=[*followed(0, *ROWS[:2]), *followed(2, ROWS[2])],
    )


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"rows": [ROWS[0], *ROWS]}, "positions are not dense"),
        ({"rows": [*ROWS, Row(4, "sim:h/O-1", 4, "x", None, None)]}, "version 4 at 4"),
        ({"rows": [*ROWS, Row(4, "sim:h/O-1", 3, "x", "A.1", None)]}, "stored at [1, 4]"),
        ({"rows": ROWS[:1]}, "A.2 is acknowledged at 2, and not there"),
        ({"reads": (read("position", None, 30, 1),)}, "got 1 after 2"),
        ({"reads": (read("position", None, 30, 4),)}, "the log never had"),
        ({"reads": (read("order", "O-1", 30, 0),)}, "0 filled, not 1 to 1"),
        ({"reads": (read("order", "O-1", 30, 2),)}, "2 filled, not 1 to 1"),
        ({"reads": (read("tail", 1, 30, [shown(ROWS[2])]),)}, "a reader got"),
        ({"events": followed(0, ROWS[0], ROWS[2])}, "the follower got"),
        ({"events": followed(0, ROWS[0], ROWS[0])}, "the follower got"),
        ({"sent": {"G-1": 2}}, "sent 2 times"),
        ({"sent": {"G-2": 1}}, "is not recorded"),
    ],
)
def test_a_violation_is_found(wrong: dict[str, Any], sentence: str) -> None:
    found = violations(*RIGHT, **wrong)
    assert any(sentence in one for one in found), found


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        (asked("A.9", 30, "duplicate", None), "is a duplicate, and not stored"),
        (asked("A.9", 30, "recorded", 3), "is acknowledged at 3"),
    ],
)
def test_a_wrong_answer_is_found(record: Operation, sentence: str) -> None:
    assert any(sentence in one for one in violations(*RIGHT, record))


@pytest.mark.parametrize("phase", ["ok", "refused"])
def test_a_stored_refusal_is_found(phase: str) -> None:
    found = violations(RIGHT[0], asked("A.2", 20, "refused", None, phase=phase))
    assert any("A.2 was refused, and is stored" in one for one in found)


def test_a_failover_may_lose_only_what_the_standby_lacked() -> None:
    lost = Failover(before=ROWS, kept_to=1, killed=100, promoted=200)
    back = Row(2, "*/log", 1, "log_went_back.v1", None, None)
    later = asked("A.5", 300, "refused", None)
    assert not violations(*RIGHT, later, rows=[ROWS[0], back], failover=lost)
    found = violations(*RIGHT, later, rows=[ROWS[0]], failover=lost)
    assert found == ["events were lost, and log_went_back is missing"]
    found = violations(*RIGHT, later, rows=[back._replace(position=1)], failover=lost)
    assert "A.1 at 1 is lost" in found


def test_a_history_survives_its_process(tmp_path: Path) -> None:
    path = tmp_path / "A.history"
    writer = Writer(str(path))
    writer.end(writer.invoke("record", ["x"]), "ok", 7)
    writer.invoke("record", ["y"])
    path.write_bytes(path.read_bytes() + b'["torn')
    first, second = operations(path)
    assert (first.phase, first.answer, first.asked) == ("ok", 7, ["x"])
    assert (second.phase, second.end, second.asked) == ("unknown", None, ["y"])


@pytest.mark.parametrize("fault", PLANTED, ids=lambda fault: fault.name)
def test_each_fault_can_be_planted(fault: PlantedFault) -> None:
    assert place_of(fault, REPOSITORY).is_file()
    assert fault.work in KINDS and set(fault.errors) <= set(NEMESES)


@pytest.mark.slow
def test_a_planted_fault_is_found() -> None:
    assert found_in(PLANTED[0], "test")[1]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_short_history_has_no_violation(kind: str) -> None:
    seen, wrong = judged(Plan(kind, "test", 2))
    assert [*seen.faults, *wrong] == []
