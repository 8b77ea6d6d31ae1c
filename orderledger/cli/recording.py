"""`record`: messages in, outcomes out."""

import gc
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import IO, Any, BinaryIO

import click

from orderledger.cli import options
from orderledger.cli.output import json_line, progress, say
from orderledger.infrastructure.errors import DamagedRow, UnreadableEvent

CHUNK = 1 << 18
GROUP = 1_000
GROUPS_BETWEEN_VIEWS = 20
FAULTS_SHOWN = 10
RAW_KEPT = 2_000
STORE_FAILED = 3


@click.command()
@click.argument("file", default="-", type=options.Input())
@click.option(
    "--ack",
    is_flag=True,
    help="Print one JSON line per message, in input order, when it is durable.",
)
@click.option(
    "--rejects",
    type=click.Path(dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Write invalid messages to this file, with line number and fault.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON on stdout.")
@options.db
@options.example("orderledger record fills.ndjson --rejects rejects.ndjson")
def record(file: BinaryIO, ack: bool, rejects: str | None, as_json: bool, db: str) -> None:
    """Record messages, one JSON object per line.

    Reads FILE, or stdin for -, and records the messages in order.

    Each message gets an outcome when it is durable. The outcomes are: recorded, duplicate (already
    in the log), refused (a command that is not allowed), invalid (not a message). `orderledger
    schema` prints the message types and their fields as JSON Schema. stderr shows the first ten
    faults; --ack prints the outcome of every message, --rejects keeps all invalid ones. A limit
    order without limit_price, or a stop order without stop_price, is recorded with a hint: on
    stderr, or in the `text` of --ack.

    \b
    Exit status: 0 all recorded or duplicate, 1 some refused or invalid, 2 wrong usage, 3 the store
    failed or has an unreadable event, 130 interrupted. After an unreadable event, messages about
    its order are reported on stderr and not recorded; the others are. After an interrupt,
    acknowledged messages are recorded, and you can record the whole file again.
    """
    began = time.perf_counter()
    gc.freeze()
    gc.set_threshold(
        100_000
    )  # messages have no cycles; frequent searches for them cost most of the time (bench_file.py)
    _check_rejects(rejects, file, db)
    with options.make_ledger(db) as ledger, _rejects_at(rejects) as put_aside:
        run = _Run(ack, put_aside)
        try:
            _record(ledger, file, run)
            with progress("views", None) as show:
                ledger.views.catch_up(show)
        finally:
            run.close(time.perf_counter() - began, as_json=as_json)
    if run.unrecorded:
        sys.exit(STORE_FAILED)
    if run.outcomes["refused"] or run.outcomes["invalid"]:
        sys.exit(1)


def _check_rejects(path: str | None, file: BinaryIO, db: str) -> None:
    """Raises BadParameter if the reject file is the input or the ledger."""
    from orderledger.infrastructure.storage.urls import file_of

    for what, other in (("FILE itself", _number(file)), ("the ledger", file_of(db))):
        if path is not None and other is not None and _is_one_file(path, other):
            raise click.BadParameter(f"{path!r} is {what}", param_hint="--rejects")


def _rejects_at(path: str | None) -> AbstractContextManager[IO[str] | None]:
    """The emptied file for invalid messages. Raises BadParameter if it cannot be written."""
    if path is None:
        return nullcontext()
    try:
        return click.open_file(path, "w", encoding="utf-8")
    except OSError as error:
        raise click.BadParameter(f"{path!r}: {error.strerror}", param_hint="--rejects") from None


def _is_one_file(path: str, other: str | int) -> bool:
    """Whether both name the same file, which may be a ledger that does not exist yet."""
    if isinstance(other, str) and os.path.realpath(path) == os.path.realpath(other):
        return True
    return os.path.isfile(path) and os.path.exists(other) and os.path.samefile(path, other)


@dataclass
class _Run:
    """Outcomes so far."""

    is_acking: bool
    rejects: IO[str] | None
    outcomes: Counter[str] = field(default_factory=Counter)
    anomalies: Counter[str] = field(default_factory=Counter)
    lines: int = 0
    is_whole: bool = False
    faults: int = 0
    hints: int = 0
    unrecorded: int = 0

    def answer(self, number: int, line: bytes, outcome: Any) -> str | None:
        """Count an outcome, and write an invalid message to the reject file. Returns the
        acknowledgement if there is one."""
        if isinstance(outcome, UnreadableEvent):
            self.unrecorded += 1
            say([f"line {number}: not recorded: {outcome}"])
            return None
        self.outcomes[outcome.outcome] += 1
        self.anomalies.update(outcome.anomalies)
        if outcome.outcome == "invalid" and self.rejects is not None:
            raw = line[:RAW_KEPT].decode(errors="replace")
            self.rejects.write(
                json_line(
                    {"line": number, "field": outcome.field, "fault": outcome.text, "message": raw}
                )
                + "\n"
            )
        elif outcome.outcome in ("invalid", "refused") and not self.is_acking:
            self._report_fault(number, outcome)
        elif outcome.outcome == "recorded" and outcome.text is not None:
            self._hint(number, outcome.text)
        if not self.is_acking:
            return None
        known = {
            "line": number,
            "outcome": outcome.outcome,
            "position": outcome.position,
            "reason": outcome.reason,
        }
        has_text = (
            outcome.text is not None and outcome.outcome != "invalid"
        )  # the reason of an invalid message says it all
        return json_line(
            {
                **known,
                "anomalies": outcome.anomalies,
                **({"text": outcome.text} if has_text else {}),
            }
        )

    def _report_fault(self, number: int, outcome: Any) -> None:
        self.faults += 1
        if self.faults <= FAULTS_SHOWN:
            what = (
                outcome.reason
                if outcome.outcome == "invalid"
                else f"refused: {outcome.reason}: {outcome.text}"
            )
            say([f"line {number}: {what}"])

    def _hint(self, number: int, text: str) -> None:
        self.hints += 1
        if self.hints <= FAULTS_SHOWN and not self.is_acking:
            say([f"line {number}: recorded, but perhaps a mistake: {text}"])

    def flush(self) -> None:
        """Flush the reject file."""
        if self.rejects is not None:
            try:
                self.rejects.flush()
            except OSError as error:
                with suppress(OSError):
                    self.rejects.close()  # close tries to write again
                raise OSError(error.errno, error.strerror, self.rejects.name) from error

    def close(self, seconds: float, *, as_json: bool) -> None:
        """Print the summary, and the last line read if the input did not end."""
        rate = round(sum(self.outcomes.values()) / seconds) if seconds else 0
        counts = {
            word: self.outcomes[word] for word in ("recorded", "duplicate", "refused", "invalid")
        }
        if self.faults > FAULTS_SHOWN:
            say(
                [
                    (
                        f"{self.faults - FAULTS_SHOWN:,} more were refused or invalid: --ack "
                        "prints the outcome of every line"
                    )
                ]
            )
        if as_json:
            rest = {
                "not_recorded": self.unrecorded,
                "hints": self.hints,
                "anomalies": dict(self.anomalies),
            }
            rest["seconds"] = f"{seconds:.3f}"
            click.echo(json_line({"lines": self.lines, **counts, **rest}))
        else:
            odd = ", ".join(f"{count} {code}" for code, count in sorted(self.anomalies.items()))
            words = ", ".join(f"{count:,} {word}" for word, count in counts.items())
            words += f", {self.unrecorded:,} not recorded" if self.unrecorded else ""
            words += f" in {seconds:.2f} s ({rate:,} messages/s)"
            words += f"; anomalies: {odd}" if odd else ""
            say([words + (f"; hints: {self.hints:,}" if self.hints else "")])
        if not self.is_whole:
            say([f"stopped after line {self.lines:,}"])


def _record(ledger: Any, stream: BinaryIO, run: _Run) -> None:
    with progress("recording", _size(stream)) as show:
        done = 0
        for count, lines in enumerate(_groups(stream), start=1):
            numbered = [(run.lines + index, line) for index, line in enumerate(lines, start=1)]
            done += sum(len(line) + 1 for line in lines)
            messages = [(number, line) for number, line in numbered if line.strip()]
            outcomes = _recorded(ledger, [line for _, line in messages])
            run.lines += len(lines)
            answers = (
                run.answer(number, line, outcome)
                for (number, line), outcome in zip(messages, outcomes, strict=True)
            )
            printed = "\n".join(answer for answer in answers if answer is not None)
            if printed:
                sys.stdout.write(printed + "\n")
                sys.stdout.flush()
            run.flush()
            show(done)
            if count % GROUPS_BETWEEN_VIEWS == 0:
                with suppress(
                    UnreadableEvent, DamagedRow
                ):  # the views stop before such an event; recording continues
                    ledger.views.catch_up()
    run.is_whole = True


def _recorded(ledger: Any, lines: list[bytes]) -> list[Any]:
    """Outcomes in the order of the lines. A message about an order with an unreadable event gets
    the error instead. It fails its whole commit, so it is found by halving the lines."""
    try:
        outcomes: list[Any] = ledger.recording.record_lines(lines)
    except UnreadableEvent as error:
        half = len(lines) // 2
        return (
            [*_recorded(ledger, lines[:half]), *_recorded(ledger, lines[half:])]
            if half
            else [error]
        )
    return outcomes


def _groups(stream: BinaryIO) -> Iterator[list[bytes]]:
    """Groups of lines as they arrive, without waiting for a full group."""
    from orderledger.infrastructure.messages.parsing import LINE_LIMIT

    with options.reading():
        rest = b""
        is_first = True
        read = getattr(stream, "read1", stream.read)
        while chunk := read(CHUNK):
            if is_first:
                chunk, is_first = chunk.removeprefix(b"\xef\xbb\xbf"), False
            *lines, rest = (rest + chunk).split(b"\n")
            for start in range(0, len(lines), GROUP):
                yield lines[start : start + GROUP]
            if len(rest) > LINE_LIMIT:
                yield [_rest_of_line(stream, rest)]
                rest = b""
        if rest:
            yield [rest]


def _rest_of_line(stream: BinaryIO, line: bytes) -> bytes:
    """The beginning of a line that is too long for a message; skips to the line's end."""
    while piece := stream.readline(CHUNK):
        if piece.endswith(b"\n"):
            break
    return line


def _size(stream: BinaryIO) -> int | None:
    number = _number(stream)
    return os.path.getsize(number) if number is not None and os.path.isfile(number) else None


def _number(stream: BinaryIO) -> int | None:
    """The file descriptor of the stream, if it has one."""
    try:
        return stream.fileno()
    except OSError:
        return None
