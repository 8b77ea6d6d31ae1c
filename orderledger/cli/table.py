"""The table of commands: name, place and first line of the help, in the groups of `--help`.

A command's module is imported when the command runs, so that the start takes as long with any
number of commands. Commands of other packages are entry points of the group `orderledger.commands`,
which are read only for a name that is not in the table.
"""

from importlib import import_module
from typing import NamedTuple

import click

ENTRY_POINTS = "orderledger.commands"


class Entry(NamedTuple):
    """A command. `place`: its module, and its name there."""

    place: str
    line: str


GROUPS: dict[str, dict[str, Entry]] = {
    "Record and import": {
        "record": Entry("cli.recording:record", "Record messages, one JSON object per line."),
        "import": Entry(
            "venues.cli.importing:import_file",
            "Import FILE, which another program or a broker made.",
        ),
        "schema": Entry("cli.maintenance:schema", "Print the JSON Schema of messages."),
    },
    "Ask": {
        "orders": Entry("cli.asking:orders", "List orders, oldest request first."),
        "order": Entry("cli.asking:order", "Show one order, by any of its ids."),
        "history": Entry("cli.asking:history", "List the events of one order, as recorded."),
        "trades": Entry(
            "cli.asking:trades", "List trades: active fills, in the order in which they happened."
        ),
        "positions": Entry("cli.asking:positions", "List positions with P&L and exposure."),
        "pnl": Entry("cli.asking:pnl", "Show P&L, fees and funding, by currency."),
        "equity": Entry("cli.asking:equity", "Show the equity curve and its drawdown, by fill."),
        "disposals": Entry(
            "cli.asking:disposals",
            "List the lots that were closed: acquired, disposed, proceeds, cost, fees, gain.",
        ),
        "lots": Entry("cli.asking:lots", "List the open lots of positions, oldest first."),
        "balances": Entry(
            "cli.asking:balances", "List the balances of accounts by currency, with their equity."
        ),
        "valuation": Entry(
            "cli.asking:valuation", "Show the equity of accounts in one currency, with the rates."
        ),
        "exposure": Entry("cli.asking:exposure", "Show what positions and P&L may become."),
        "latency": Entry("cli.asking:latency", "Show how long the steps of orders took."),
        "recover": Entry("cli.recovering:recover", "List the orders in doubt after a restart."),
        "anomalies": Entry("cli.asking:anomalies", "List anomalies, including cleared ones."),
        "proposals": Entry("cli.asking:proposals", "List proposals, their decisions and orders."),
        "instruments": Entry(
            "cli.asking:instruments",
            "List instrument definitions and marks, and positions as reported by the venue.",
        ),
        "marks": Entry(
            "cli.asking:marks",
            "List the marks of instruments: prices that value open positions.",
        ),
        "account-events": Entry(
            "cli.asking:account_events", "List funding, adjustments and feed gaps."
        ),
        "certificates": Entry(
            "cli.asking:certificates",
            "List certificates of reconciliations: the counts of matches, and the open breaks.",
        ),
        "events": Entry("cli.asking:events", "List the events of the log."),
        "reconciled-orders": Entry(
            "cli.asking:reconciled_orders",
            "List orders beside the newest report of the venue about each, in pages.",
        ),
        "doubts": Entry(
            "cli.recovering:doubts",
            "List the open orders whose outcome is unknown, oldest doubt first.",
        ),
        "pnl-of-fills": Entry(
            "cli.asking:pnl_of_fills", "List what each active fill realized, by every method."
        ),
        "reconciliation": Entry(
            "cli.asking:reconciliation",
            "Count the orders of each account that agree with the venue's reports.",
        ),
        "tail": Entry("cli.feed:tail", "Print the end of the log, and follow it."),
        "export": Entry("audit.cli.exporting:export", "Export messages or a view."),
    },
    "Venues": {
        "collect": Entry(
            "venues.cli.collecting:collect", "Listen to venues and record their reports."
        ),
        "reconcile": Entry(
            "venues.cli.collecting:reconcile", "Compare accounts with their venues."
        ),
        "revert": Entry("venues.cli.collecting:revert", "Undo the repairs of a BREAK."),
        "translate": Entry(
            "venues.cli.collecting:translate", "Turn payloads of a VENUE into messages."
        ),
        "fake": Entry("simulation.cli.faking:fake", "Serve a simulated VENUE until stopped."),
        "compare": Entry(
            "audit.cli.exporting:compare", "Compare two accounts that hold the same trading."
        ),
    },
    "Trade": {
        "halt": Entry(
            "gateway.cli.trading:halt", "Halt trading in ACCOUNT, or in every account for '*'."
        ),
        "resume": Entry(
            "gateway.cli.trading:resume",
            "Resume trading: end all halts of exactly this scope.",
        ),
        "halts": Entry("cli.asking:halts", "List halts of trading."),
        "breakers": Entry("gateway.cli.trading:breakers", "List the breakers of gateways."),
        "resolve": Entry(
            "gateway.cli.trading:resolve",
            "Decide whether a new order arrived at the venue, where nothing else shows it.",
        ),
    },
    "Audit and proof": {
        "explain": Entry("audit.cli.auditing:explain", "Explain an order in sentences."),
        "why": Entry("audit.cli.auditing:why", "Take a figure apart into events."),
        "restate": Entry(
            "audit.cli.auditing:restate",
            "Compare the statements of two times about the same moment.",
        ),
        "audit": Entry("audit.cli.auditing:audit", "Answer questions of compliance."),
        "order-records": Entry(
            "audit.cli.auditing:order_records",
            "List order records by MiFID II RTS 24, one per event at the venue.",
        ),
        "what-if": Entry(
            "audit.cli.supposing:what_if", "Show what would be different under other assumptions."
        ),
        "prove-order-independence": Entry(
            "audit.cli.supposing:prove_order_independence",
            "Show that the order of reports does not matter.",
        ),
        "keygen": Entry("audit.cli.proof:keygen", "Make an Ed25519 key for checkpoints."),
        "checkpoint": Entry("audit.cli.proof:checkpoint", "Sign the size and the root of the log."),
        "verify": Entry("audit.cli.proof:verify", "Compare the whole log with its checkpoints."),
        "prove": Entry(
            "audit.cli.proof:prove", "Prove that events are in the log of a checkpoint."
        ),
        "verify-proof": Entry(
            "audit.cli.proof:verify_proof", "Verify a proof or a bundle, without the store."
        ),
        "forget": Entry("audit.cli.proof:forget", "Delete evidence and text of an order for good."),
        "bundle": Entry(
            "audit.cli.proof:bundle",
            "Write events of an account, their proof and the checkpoint to one file.",
        ),
        "move-evidence": Entry(
            "audit.cli.proof:move_evidence",
            "Move evidence that older versions stored inside events beside them.",
        ),
        "report": Entry("serve.cli.reporting:report", "Write the statement of a day or a period."),
    },
    "Analyse": {
        "sql": Entry(
            "analytics.cli.analysing:sql", "Answer a question in SQL over the views and the log."
        ),
        "analyse": Entry("analytics.cli.analysing:analyse", "Answer a ready-made question."),
        "archive": Entry(
            "analytics.cli.archiving:archive", "Copy the log and the views to Parquet files."
        ),
        "restore": Entry("analytics.cli.archiving:restore", "Make a ledger out of an archive."),
        "resync": Entry(
            "analytics.cli.resyncing:resync",
            "Record the lost events of a log that went back again, from a copy of it.",
        ),
        "archive-rebuild": Entry(
            "analytics.cli.archiving:archive_rebuild",
            "Build the views of an archive, on one machine or many.",
        ),
        "relay": Entry(
            "analytics.cli.relaying:relay", "Publish every event to NATS JetStream or Kafka."
        ),
    },
    "Operate": {
        "status": Entry(
            "serve.cli.watching:status",
            "Show the state of log, views, collectors, the gateways' breakers, the venues' clocks, "
            "watchers of alerts, and copies of the log.",
        ),
        "accounts": Entry(
            "serve.cli.watching:accounts",
            "List the accounts: the orders, the feed and the breaks of each.",
        ),
        "breaks": Entry(
            "serve.cli.watching:breaks", "List open differences with the venue, the oldest first."
        ),
        "config": Entry("serve.cli.configuring:config", "Check or show a settings file."),
        "serve": Entry(
            "serve.cli.serving:serve",
            "Serve the ledger over HTTP: API, page and stream of changes.",
        ),
        "watch": Entry("serve.cli.watching:watch", "Watch the ledger, and raise alerts."),
        "alerts": Entry(
            "serve.cli.watching:alerts",
            "List alerts with their deliveries, the gravest first.",
        ),
        "health": Entry("serve.cli.watching:health", "Check that the ledger is ready."),
        "metrics": Entry(
            "serve.cli.watching:metrics", "Print metrics of the store, as Prometheus reads them."
        ),
        "check": Entry("cli.maintenance:check", "Compare the log with streams and views."),
        "rebuild": Entry("cli.maintenance:rebuild", "Rebuild views from the log."),
        "upgrade": Entry("cli.maintenance:upgrade", "Upgrade a ledger that an older version made."),
        "roles": Entry(
            "cli.maintenance:roles", "Print SQL that makes roles for a ledger in PostgreSQL."
        ),
        "completion": Entry(
            "cli.helping:completion", "Print the program that completes commands in a shell."
        ),
        "help": Entry("cli.helping:show_help", "Show the help of a command."),
        "demo": Entry("demo.cli.showing:demo", "Show the ledger at work, in a minute."),
    },
}

TABLE = {name: entry for group in GROUPS.values() for name, entry in group.items()}


def command_named(name: str) -> click.Command | None:
    """The command of this name, of this package or of another. None if there is none."""
    if name in TABLE:
        module, _, attribute = TABLE[name].place.partition(":")
        command: click.Command = getattr(import_module(f"orderledger.{module}"), attribute)
        return command
    return _command_of_others(name)


def _command_of_others(name: str) -> click.Command | None:
    from importlib.metadata import entry_points  # takes longer than a start without it

    from orderledger.infrastructure.errors import InvalidSetting

    for entry in entry_points(group=ENTRY_POINTS, name=name):
        try:
            command = entry.load()
        except Exception as error:  # another package's module may raise anything
            raise InvalidSetting(
                name, f"{entry.value} cannot be loaded: {type(error).__name__}: {error}"
            ) from error
        if not isinstance(command, click.Command):
            raise InvalidSetting(name, f"{entry.value} is not a command of click")
        return command
    return None
