"""Judges a history. Shares no code with the package: it knows the rows of the log and what the
processes wrote.

Each returned sentence is a violation. After a failover there are two logs: the one of the old
server, and the one that goes on from what the standby had. An answer is judged by the log of its
time; what falls into the failover itself may belong to either.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from tests.histories.history import Operation
from tests.histories.stores import Row, is_submission
from tests.histories.world import GATEWAY_ACCOUNT, Observed

ACCEPTED = ("recorded", "duplicate")
NEVER = 1 << 63


class Log:
    """The rows of one server. `begin` and `end`: from when to when it answered."""

    def __init__(self, rows: Sequence[Row], begin: int, end: int) -> None:
        self.rows = rows
        self.begin, self.end = begin, end
        self.positions = [row.position for row in rows]
        self.at = {row.position: row for row in rows}
        self.of_token: dict[str | None, list[Row]] = defaultdict(list)
        self.fills: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            self.of_token[row.token].append(row)
            if row.fill is not None:
                self.fills[row.stream].append(row)


class Checker:
    def __init__(self, seen: Observed) -> None:
        self._seen = seen
        lost = seen.failover
        self._kept_to = lost.kept_to if lost else NEVER
        last = Log(seen.rows, lost.killed if lost else 0, NEVER)
        self._last = last
        self._logs = [Log(lost.before, 0, lost.promoted), last] if lost else [last]
        self._records = [
            one for name in "AB" for one in seen.histories[name] if one.kind == "record"
        ]
        self._asked: dict[str, int] = {}
        self._last_answer: dict[str, int] = {}
        for one in self._records:
            for token, _, _ in one.asked:
                self._asked[token] = min(one.begin, self._asked.get(token, NEVER))
                self._last_answer[token] = one.end or 0

    def violations(self) -> list[str]:
        parts = (
            self._dense,
            self._answers,
            self._not_stored,
            self._loss,
            self._readers,
            self._follower,
            self._gateway,
        )
        return [sentence for part in parts for sentence in part()]

    def _logs_of(self, one: Operation) -> list[Log]:
        """The logs that may have answered."""
        end = NEVER if one.end is None else one.end
        return [log for log in self._logs if one.begin < log.end and end > log.begin]

    def _dense(self) -> Iterator[str]:
        """Versions are dense, positions ascend, and no token is stored twice. PostgreSQL leaves out
        the positions of failed commits."""
        for log in self._logs:
            positions = [row.position for row in log.rows]
            if self._seen.kind == "sqlite" and positions != list(range(1, len(positions) + 1)):
                yield "positions are not dense"
            versions: Counter[str] = Counter()
            for row in log.rows:
                versions[row.stream] += 1
                if row.version != versions[row.stream]:
                    yield f"{row.stream}: version {row.version} at {row.position}"
            for token, rows in log.of_token.items():
                if token is not None and len(rows) > 1:
                    yield f"{token} is stored at {[row.position for row in rows]}"

    def _answers(self) -> Iterator[str]:
        """Acknowledged events are where the answer says, and duplicates name stored events."""
        for one in self._records:
            for (token, _, _), (outcome, position) in zip(
                one.asked, one.answer if one.phase == "ok" else (), strict=False
            ):
                logs = self._logs_of(one)
                found = [row for log in logs for row in log.of_token[token]]
                if outcome == "duplicate" and not found:
                    yield f"{token} is a duplicate, and not stored"
                if outcome == "recorded" and position not in [row.position for row in found]:
                    yield f"{token} is acknowledged at {position}, and not there"
                if outcome == "recorded" and self._is_gone(token, position):
                    yield f"{token} at {position} is lost"

    def _is_gone(self, token: str, position: int) -> bool:
        """Whether an event that the standby had is missing at the end."""
        is_kept = any(row.position == position for row in self._last.of_token[token])
        return position <= self._kept_to and not is_kept

    def _not_stored(self) -> Iterator[str]:
        """What was refused by every answer is not stored."""
        may_be: set[str] = set()
        for one in self._records:
            for number, (token, _, _) in enumerate(one.asked):
                if one.phase == "unknown" or (
                    one.phase == "ok" and one.answer[number][0] in ACCEPTED
                ):
                    may_be.add(token)
        for log in self._logs:
            for token, last in self._last_answer.items():
                if log.of_token[token] and token not in may_be and last < log.end:
                    yield f"{token} was refused, and is stored"

    def _loss(self) -> Iterator[str]:
        """A loss that a process remembers is recorded."""
        lost = self._seen.failover
        if lost is None:
            return
        known = [
            one for one in self._records
            if one.phase == "ok" and one.end is not None and one.end < lost.killed
            and any((position or 0) > lost.kept_to for _, position in one.answer)
        ]  # fmt: skip
        alive = {one.process for one in self._records if one.begin > lost.promoted}
        is_recorded = any(row.name.startswith("log_went_back") for row in self._seen.rows)
        if {one.process for one in known} & alive and not is_recorded:
            yield "events were lost, and log_went_back is missing"

    def _acknowledged(self, log: Log, before: int) -> Iterator[Row]:
        """The events of this log whose answers came before a time."""
        for one in self._records:
            if one.phase == "ok" and one.end is not None and one.end < before:
                for (token, _, _), (outcome, position) in zip(one.asked, one.answer, strict=True):
                    row = log.at.get(position or 0)
                    if outcome == "recorded" and row is not None and row.token == token:
                        yield row

    def _readers(self) -> Iterator[str]:
        """Reads never go back, show stored events only, and all that were acknowledged before."""
        newest: dict[int, int] = {}
        for one in self._seen.histories["R"]:
            logs = self._logs_of(one)
            if one.phase != "ok" or len(logs) != 1:
                continue
            log, (of_log, answer) = logs[0], (id(logs[0]), one.answer)
            acknowledged = list(self._acknowledged(log, one.begin))
            if one.kind == "order":
                yield from self._order(one, log, acknowledged)
                continue
            if one.kind == "tail":
                yield from shown(answer, log, one.asked, "a reader")
            position = (
                answer if one.kind == "position" else max([one.asked, *(r[0] for r in answer)])
            )
            least = max([newest.get(of_log, 0), *(row.position for row in acknowledged)])
            if position < least:
                yield f"a reader got {position} after {least}"
            if position > log.rows[-1].position:
                yield f"a reader got {position}, which the log never had"
            newest[of_log] = position

    def _order(self, one: Operation, log: Log, acknowledged: list[Row]) -> Iterator[str]:
        """The filled quantity of an order: each fill has the quantity 1."""
        stream = f"sim:h/{one.asked}"
        least = sum(row.fill is not None and row.stream == stream for row in acknowledged)
        end = one.end or NEVER
        most = sum(self._asked.get(row.fill or "", 0) < end for row in log.fills[stream])
        if not least <= one.answer <= most:
            yield f"{one.asked} has {one.answer} filled, not {least} to {most}"

    def _follower(self) -> Iterator[str]:
        """Each event once, in order, none missing."""
        segments: list[tuple[int, list[list[object]], int]] = []
        for one in self._seen.histories["F"]:
            if one.kind == "begin":
                segments.append((one.answer, [], one.begin))
            elif one.kind == "event" and one.answer is not None:
                segments[-1][1].append(one.answer)
        for after, rows, _ in segments:
            found = [list(shown(rows, log, after, "the follower")) for log in self._logs]
            if all(found):
                yield from found[-1][:3]

    def _gateway(self) -> Iterator[str]:
        """Each order is sent once, after its submission was stored."""
        yield from (
            f"{name} was sent {times} times" for name, times in self._seen.sent.items() if times > 1
        )
        yield from (f"{name} was sent before it was recorded" for name in self._seen.unrecorded)
        submitted = {row.stream for log in self._logs for row in log.rows if is_submission(row)}
        for name in self._seen.sent:
            if f"{GATEWAY_ACCOUNT}/{name}" not in submitted:
                yield f"{name} was sent, and is not recorded"


def shown(rows: Sequence[Sequence[object]], log: Log, after: int, reader: str) -> Iterator[str]:
    """Rows of a reader are those of the log after a position, without a gap."""
    begin = bisect_right(log.positions, after)
    stored = [[*row[:3], row.token] for row in log.rows[begin : begin + len(rows)]]
    for got, there in zip_longest(rows, stored):
        if got != there:
            yield f"{reader} got {got} after {after}, the log has {there}"
            return
