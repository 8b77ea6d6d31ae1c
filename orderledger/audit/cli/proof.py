"""Proof that events are unaltered: keygen, checkpoint, verify, prove, verify-proof, forget, bundle,
move-evidence."""

import re
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orderledger.cli import options
from orderledger.cli.output import json_line, print_json, progress, say
from orderledger.cli.times import timezone

if TYPE_CHECKING:
    from orderledger.audit.proof.checkpoints import Target

existing = click.Path(exists=True, dir_okay=False, path_type=Path)
new_file = click.Path(dir_okay=False, path_type=Path)
public_key = click.option(
    "--key", type=existing, help="Public key of the log, as `keygen` wrote it."
)
witnesses = click.option(
    "--witness",
    type=existing,
    multiple=True,
    help="Key of a witness who must have signed. May be repeated.",
)
of_checkpoint = click.option(
    "--checkpoint", "checkpoint_file", type=existing, help="Default: the newest one in the store."
)

UNITS = {"s": 1, "m": 60, "h": 3600}


class Period(click.ParamType[float]):
    """A number of seconds, minutes or hours."""

    name = "period"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"([1-9][0-9]{0,6})([smh])", str(value))
        if found is None:
            self.fail(f"{value!r} is not a period such as 30s, 5m or 1h", param, ctx)
        return float(int(found[1]) * UNITS[found[2]])


@click.command()
@click.argument("path", type=new_file)
@click.option(
    "--name", help="Name of the log in its checkpoints. Default: one that is made of the key."
)
@options.example("orderledger keygen /etc/orderledger/log.key --name desk.example/orders")
def keygen(path: Path, name: str | None) -> None:
    """Make an Ed25519 key for checkpoints.

    Writes the private key to PATH, readable by its owner only, and the public key to PATH.pub.
    Overwrites nothing.
    """
    from orderledger.audit.proof.keys import generate

    click.echo(generate(path, name))


@click.command()
@click.option("--key", type=existing, required=True, help="Private key, as `keygen` wrote it.")
@click.option("--out", type=new_file, help="Write the checkpoint to this file. Default: print it.")
@click.option("--post", metavar="URL", help="Also POST it to this address.")
@click.option(
    "--run",
    "command",
    metavar="COMMAND",
    help="Also run this shell command, with the checkpoint on its standard input.",
)
@click.option(
    "--every", type=Period(), help="Go on, and make one every 30s, 5m or 1h if the log has grown."
)
@options.log
@options.db
@options.example(
    "orderledger checkpoint --key log.key --out checkpoint.txt",
    "orderledger checkpoint --key log.key --every 5m --run 'ssh witness tee -a checkpoints'",
)
def checkpoint(
    key: Path,
    out: Path | None,
    post: str | None,
    command: str | None,
    every: float | None,
    log: str | None,
    db: str,
) -> None:
    """Sign the size and the root of the log.

    The checkpoint is a C2SP signed note. Keep it where the owner of the database cannot change it.

    Exit status: 0 done, 1 the log contradicts an earlier checkpoint, or the checkpoint did not
    reach its target, 2 wrong usage, 3 the store cannot be used.
    """
    from orderledger.audit.proof import checkpoints, keys

    targets = _targets(out, post, command)
    with options.open_ledger(db) as ledger:
        if every is None:
            with progress("hashing", None) as show:
                made = ledger.proof.checkpoint(key, progress=lambda done, total: show(done))
            for target in targets:
                target(made.note)
            return
        loop = checkpoints.CheckpointLoop(
            ledger.internals.store, keys.load(key), every, targets, _reporting(log)
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: loop.ask_to_stop())
        loop.run()


def _reporting(log: str | None) -> Callable[[str], None]:
    return (lambda text: say([text])) if log is None else options.logging_as(log)


def _targets(out: Path | None, post: str | None, command: str | None) -> "list[Target]":
    from orderledger.audit.proof import checkpoints

    targets: list[Target] = (
        [checkpoints.to_file(out)] if out is not None else [lambda note: click.echo(note, nl=False)]
    )
    if post is not None:
        targets.append(checkpoints.to_webhook(post))
    if command is not None:
        targets.append(checkpoints.to_command(command))
    return targets


@click.command()
@click.option(
    "--checkpoint",
    "checkpoint_files",
    type=existing,
    multiple=True,
    help="May be repeated. Those in the store count too.",
)
@public_key
@click.option(
    "--witness",
    type=existing,
    multiple=True,
    help="Public key of a witness who must have signed, too. May be repeated.",
)
@options.as_json
@options.db
@options.example("orderledger verify --checkpoint checkpoint.txt --key log.key.pub")
def verify(
    checkpoint_files: tuple[Path, ...],
    key: Path | None,
    witness: tuple[Path, ...],
    as_json: bool,
    db: str,
) -> None:
    """Compare the whole log with its checkpoints.

    Names each event that was changed, removed or inserted, as far as the tiles beside the log show
    it. Checks evidence and text too. Without --key, nobody's signature is checked.

    Exit status: 0 nothing is altered, 1 something is, 2 wrong usage, 3 the store cannot be used.
    """
    if witness and key is None:
        raise click.UsageError("--witness needs --key")
    keys = [_text_of(each) for each in (key, *witness) if each is not None]
    with options.open_ledger(db) as ledger, progress("verifying", None) as show:
        notes = [_text_of(file) for file in checkpoint_files]
        found = ledger.proof.verify(notes, keys, progress=lambda done, total: show(done))
    counts = {"events": found.events, "covered": found.covered, "checkpoints": found.checkpoints}
    if as_json:
        print_json(
            [
                *(one._asdict() for one in found.alterations),
                {"summary": {**counts, "alterations": len(found.alterations)}},
            ]
        )
    else:
        for one in found.alterations:
            click.echo(
                f"{one.kind}: "
                f"{f'position {one.position}: ' if one.position is not None else ''}{one.what}"
            )
        newer = (
            f", {found.events - found.covered:,} events are newer"
            if found.events > found.covered
            else ""
        )
        verdict = (
            f"{len(found.alterations)} alterations" if found.alterations else "nothing is altered"
        )
        click.echo(
            f"{found.events:,} events, {found.checkpoints} checkpoints up to event "
            f"{found.covered:,}{newer}: {verdict}"
        )
    if found.alterations:
        sys.exit(1)


@click.command()
@click.argument("order", required=False)
@options.account
@click.option(
    "--event",
    type=click.IntRange(1),
    help="Prove the event at this log position instead of an order.",
)
@of_checkpoint
@click.option(
    "--evidence", "shows_evidence", is_flag=True, help="Show evidence and text in the proof."
)
@options.db
@options.example(
    "orderledger prove C-1 --checkpoint checkpoint.txt > proof.json",
    "orderledger prove --event 41 > proof.json",
)
def prove(
    order: str | None,
    account: str | None,
    event: int | None,
    checkpoint_file: Path | None,
    shows_evidence: bool,
    db: str,
) -> None:
    """Prove that events are in the log of a checkpoint.

    Prints one JSON object, which `verify-proof` verifies without the store.
    """
    from orderledger.audit.proof.proving import as_json

    if (order is None) == (event is None):
        raise click.UsageError("give either an order or --event")
    with options.open_ledger(db) as ledger:
        note = _note(checkpoint_file)
        proof = ledger.proof.prove(
            order, account=account, event=event, checkpoint=note, shows_evidence=shows_evidence
        )
    click.echo(as_json(proof), nl=False)


@click.command("verify-proof")
@click.argument("file", type=existing)
@click.option("--key", type=existing, required=True, help="Public key of the log.")
@click.option(
    "--witness",
    type=existing,
    multiple=True,
    help="Public key of a witness who must have signed, too. May be repeated.",
)
@options.as_json
@options.example("orderledger verify-proof proof.json --key log.key.pub")
def verify_proof(file: Path, key: Path, witness: tuple[Path, ...], as_json: bool) -> None:
    """Verify a proof or a bundle, without the store.

    Exit status: 0 the proof holds, 1 it does not, 2 wrong usage.
    """
    from orderledger.audit.proof import verifier

    try:
        keys = [_text_of(each) for each in witness]
        checkpoint, events = verifier.verify_proof(
            verifier.read_proof(str(file)), _text_of(key), keys
        )
    except verifier.ProofError as error:
        click.echo(f"orderledger: not proved: {error}", err=True)
        sys.exit(1)
    if as_json:
        print_json(
            [
                {name: event[name] for name in ("position", "stream", "version", "name")}
                for event in events
            ]
        )
        return
    streams = sorted({event["stream"] for event in events})
    what = streams[0] if len(streams) == 1 else f"{len(streams)} streams"
    click.echo(
        f"proved: {len(events)} events of {what} are in {checkpoint.origin} at {checkpoint.size} "
        "events"
    )


@click.command()
@click.option(
    "--evidence-of",
    "order",
    metavar="ORDER",
    required=True,
    help="The order whose evidence and text to delete.",
)
@options.account
@click.option("--reason", required=True, help="Why. It is recorded.")
@click.option("--actor", help="Who. It is recorded.")
@options.as_json
@options.db
@options.example("orderledger forget --evidence-of C-1 --reason erasure_request --actor anna")
def forget(
    order: str, account: str | None, reason: str, actor: str | None, as_json: bool, db: str
) -> None:
    """Delete evidence and text of an order for good.

    Records the event evidence_forgotten.v1. The order stays as it is, and all proofs of its events
    stay valid. Copies of the database, and bundles with evidence, are not reached.
    """
    with options.open_ledger(db) as ledger:
        found = ledger.proof.forget_evidence(order, account=account, reason=reason, actor=actor)
    if as_json:
        click.echo(json_line(found._asdict()))
        return
    click.echo(
        f"evidence of {found.events} events deleted, recorded at "
        f"{', '.join(map(str, found.positions))}"
    )
    if not found.is_overwritten:
        say(
            [
                (
                    "other connections still use old pages: the bytes leave the files of the "
                    "database later"
                )
            ]
        )


@click.command()
@click.argument("file", type=new_file)
@click.option("--account", required=True, help="The account.")
@options.period("Orders with an event at T or later.", "Orders with an event before T.")
@timezone
@of_checkpoint
@click.option("--redact", is_flag=True, help="Leave out evidence and text. The proof stays valid.")
@options.db
@options.example(
    "orderledger bundle june.zip --account sim:main --since 2026-06-01 --until 2026-07-01 --redact",
    "orderledger orders --db june.zip",
)
def bundle(
    file: Path,
    account: str,
    since: datetime | None,
    until: datetime | None,
    checkpoint_file: Path | None,
    redact: bool,
    db: str,
) -> None:
    """Write events of an account, their proof and the checkpoint to one file.

    Has the whole history of each order with an event in the period, and all events of the account
    itself. `verify-proof` verifies the file. Every query takes it as --db, and it cannot be
    recorded in.
    """
    with options.open_ledger(db) as ledger:
        note = _note(checkpoint_file)
        count = ledger.proof.bundle(
            file, account=account, since=since, until=until, checkpoint=note, is_redacted=redact
        )
    click.echo(f"{count:,} events written to {file}")


@click.command("move-evidence")
@options.db
@options.example("orderledger move-evidence --db old.db")
def move_evidence(db: str) -> None:
    """Move evidence that older versions stored inside events beside them.

    Needed once, to be able to forget such evidence. It changes stored bytes, so it is refused after
    the first checkpoint. It may be killed and run again.
    """
    with options.open_ledger(db) as ledger, progress("moving", None) as show:
        moved = ledger.proof.move_evidence(progress=lambda done, total: show(done))
    click.echo(f"evidence of {moved:,} events moved")


def _note(file: Path | None) -> str | None:
    return None if file is None else _text_of(file)


def _text_of(file: Path) -> str:
    from orderledger import InvalidSetting

    try:
        return file.read_bytes()[:1_000_000].decode()
    except UnicodeDecodeError as error:
        raise InvalidSetting(str(file), "is not text") from error
    except OSError as error:
        raise InvalidSetting(str(file), f"cannot be read: {error.strerror}") from error
