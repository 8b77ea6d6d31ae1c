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
from orderledger.infrastructure.errors import UnreadableEvent

CHUNK = 1 << 18
GROUP = 1_000
GROUPS_BETWEEN_VIEWS = 20
FAULTS_TOLD = 10
RAW_KEPT = 2_000
STORE_FAILED = 3


@click.command()
@click.argument("file", default="-", type=options.Input())
@click.option("--ack", is_flag=True, help="Print one JSON line per message, in input order, when it is durable.")
@click.option(
    "--rejects",
    type=click.Path(dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Write what is no message here, with line number and fault.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON on stdout.")
@options.db
@options.example("orderledger record fills.ndjson --rejects rejects.ndjson")
def record(file: BinaryIO, ack: bool, rejects: str | None, as_json: bool, db: str) -> None:
    """Record messages, one JSON object per line.

    They are read from FILE or - (stdin), and recorded in order.

    Each message is answered when that is durable: recorded, duplicate (the same fact is in the log already), refused (a
    command that may not happen) or invalid (not a message). `orderledger schema` prints the message types and their fields
    as JSON Schema. stderr has the first ten faults; --ack tells the outcome of every message, --rejects keeps all that are
    invalid. A limit order without limit_price, or a stop order without stop_price, is recorded, with a hint: on stderr, or as
    the `text` of --ack.

    \b
    Exit status: 0 all recorded or duplicate, 1 some refused or invalid, 2 wrong usage, 3 the store failed, or has an event that
    cannot be read: messages about its order are told on stderr and not recorded, the rest is,
    130 interrupted: what was acknowledged is recorded, and recording the whole file again changes nothing about it.
    """
    began = time.perf_counter()
    gc.freeze()
    gc.set_threshold(100_000)  # what is recorded is data without cycles: looking for them often is most of the work
    _check_rejects(rejects, file, db)
    with options.make_ledger(db) as ledger, _rejects_at(rejects) as put_aside:
        run = _Run(ack, put_aside)
        try:
            _record(ledger, file, run)
            with progress("views", None) as show:
                ledger.catch_up(show)
        finally:
            run.close(time.perf_counter() - began, as_json=as_json)
    if run.unrecorded:
        sys.exit(STORE_FAILED)
    if run.outcomes["refused"] or run.outcomes["invalid"]:
        sys.exit(1)


def _check_rejects(path: str | None, file: BinaryIO, db: str) -> None:
    """Raises BadParameter where what is invalid would be written over what is to be recorded, or what was."""
    from orderledger.infrastructure.storage.store import file_of

    for what, other in (("FILE itself", _number(file)), ("the ledger", file_of(db))):
        if path is not None and other is not None and _is_one_file(path, other):
            raise click.BadParameter(f"{path!r} is {what}", param_hint="--rejects")


def _rejects_at(path: str | None) -> AbstractContextManager[IO[str] | None]:
    """The file for what is invalid, emptied. Raises BadParameter where it cannot be written."""
    if path is None:
        return nullcontext()
    try:
        return click.open_file(path, "w", encoding="utf-8")
    except OSError as error:
        raise click.BadParameter(f"{path!r}: {error.strerror}", param_hint="--rejects") from None


def _is_one_file(path: str, other: str | int) -> bool:
    """Also of a ledger that is still to be made."""
    if isinstance(other, str) and os.path.realpath(path) == os.path.realpath(other):
        return True
    return os.path.isfile(path) and os.path.exists(other) and os.path.samefile(path, other)


@dataclass
class _Run:
    """What has been answered so far."""

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
        """Count an outcome, and put what is no message aside. Returns the acknowledgement, where one is asked for."""
        if isinstance(outcome, UnreadableEvent):
            self.unrecorded += 1
            say([f"line {number}: not recorded: {outcome}"])
            return None
        self.outcomes[outcome.outcome] += 1
        self.anomalies.update(outcome.anomalies)
        if outcome.outcome == "invalid" and self.rejects is not None:
            raw = line[:RAW_KEPT].decode(errors="replace")
            self.rejects.write(json_line({"line": number, "field": outcome.field, "fault": outcome.text, "message": raw}) + "\n")
        elif outcome.outcome in ("invalid", "refused") and not self.is_acking:
            self._tell(number, outcome)
        elif outcome.outcome == "recorded" and outcome.text is not None:
            self._hint(number, outcome.text)
        if not self.is_acking:
            return None
        known = {"line": number, "outcome": outcome.outcome, "position": outcome.position, "reason": outcome.reason}
        has_text = outcome.text is not None and outcome.outcome != "invalid"  # of that the reason tells all
        return json_line({**known, "anomalies": outcome.anomalies, **({"text": outcome.text} if has_text else {})})

    def _tell(self, number: int, outcome: Any) -> None:
        self.faults += 1
        if self.faults <= FAULTS_TOLD:
            what = outcome.reason if outcome.outcome == "invalid" else f"refused: {outcome.reason}: {outcome.text}"
            say([f"line {number}: {what}"])

    def _hint(self, number: int, text: str) -> None:
        self.hints += 1
        if self.hints <= FAULTS_TOLD and not self.is_acking:
            say([f"line {number}: recorded, but perhaps a mistake: {text}"])

    def flush(self) -> None:
        """Put what was put aside into its file."""
        if self.rejects is not None:
            try:
                self.rejects.flush()
            except OSError as error:
                with suppress(OSError):
                    self.rejects.close()  # it tries once more
                raise OSError(error.errno, error.strerror, self.rejects.name) from error

    def close(self, seconds: float, *, as_json: bool) -> None:
        """The summary, and how far it came where that is not the end."""
        rate = round(sum(self.outcomes.values()) / seconds) if seconds else 0
        counts = {word: self.outcomes[word] for word in ("recorded", "duplicate", "refused", "invalid")}
        if self.faults > FAULTS_TOLD:
            say([f"{self.faults - FAULTS_TOLD:,} more that were refused or invalid: --ack tells the outcome of every line"])
        if as_json:
            rest = {"not_recorded": self.unrecorded, "hints": self.hints, "anomalies": dict(self.anomalies)}
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
            answers = (run.answer(number, line, outcome) for (number, line), outcome in zip(messages, outcomes, strict=True))
            printed = "\n".join(answer for answer in answers if answer is not None)
            if printed:
                sys.stdout.write(printed + "\n")
                sys.stdout.flush()
            run.flush()
            show(done)
            if count % GROUPS_BETWEEN_VIEWS == 0:
                with suppress(UnreadableEvent):  # the views end before it; what can be recorded is
                    ledger.catch_up()
    run.is_whole = True


def _recorded(ledger: Any, lines: list[bytes]) -> list[Any]:
    """Outcomes in the order of the lines. A message about an order of which an event cannot be read has none, but the error: such
    ones are looked for by halves, since they keep the others of their commit from being recorded."""
    try:
        outcomes: list[Any] = ledger.record_lines(lines)
    except UnreadableEvent as error:
        half = len(lines) // 2
        return [*_recorded(ledger, lines[:half]), *_recorded(ledger, lines[half:])] if half else [error]
    return outcomes


def _groups(stream: BinaryIO) -> Iterator[list[bytes]]:
    """Lines as they come, up to a group's worth, without waiting for more than is there."""
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
    """A line that is too long to be a message: keep its beginning, and skip to its end."""
    while piece := stream.readline(CHUNK):
        if piece.endswith(b"\n"):
            break
    return line


def _size(stream: BinaryIO) -> int | None:
    number = _number(stream)
    return os.path.getsize(number) if number is not None and os.path.isfile(number) else None


def _number(stream: BinaryIO) -> int | None:
    """By which the system knows it, where it does."""
    try:
        return stream.fileno()
    except OSError:
        return None


COMMANDS = (record,)
