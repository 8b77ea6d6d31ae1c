"""Words for the reference pages where the code has none: fields that need no explanation beside it, codes, exit statuses.

`generate.py` fails on whatever is in the code and not here, so that nothing gets into the package unexplained.
"""

# ruff: noqa: E501  (a cell of a Markdown table is one line)

FIELDS: dict[str, str] = {
    "instrument": "What is traded, by the name your venue or you give it.",
    "side": "Which way.",
    "quantity": "How much, in the instrument's own units.",
    "order_type": "FIX OrdType.",
    "limit_price": "Limit price.",
    "stop_price": "Stop or trigger price.",
    "time_in_force": "FIX TimeInForce. Without one the order is taken as a day order.",
    "expire_at": "When a `gtd` order ends.",
    "post_only": "Only as a maker.",
    "reduce_only": "Only to make a position smaller.",
    "strategy": "Whose order it is: the `strategy` of P&L and filters.",
    "links": "What it belongs to: proposal, trade, role, parent, group.",
    "tags": "Free labels, at most 100.",
    "reason": "A code.",
    "request_id": "Id of the cancel or replace request, so that its answer can be told from others.",
    "replacement_client_order_id": "Our id of the replaced leg, at venues that want a new id with every change.",
    "proposal_id": "Id of the proposal.",
    "kind": "Opens a position, or closes one.",
    "fill_id": "The venue's id of the fill. Within one order it counts once.",
    "price": "Price.",
    "liquidity": "FIX LastLiquidityInd.",
    "corrects": "The fill id that this one replaces.",
    "status": "The venue's word for the status.",
    "pending": "What the venue says is outstanding.",
    "multiplier": "Units of the underlying in one unit of quantity. Default 1.",
    "inverse": "Settled in the base currency: a quantity is worth quantity * multiplier / price.",
    "currency": "What P&L and fees are settled in.",
    "tick": "Smallest step of the price.",
    "lot": "Smallest step of the quantity.",
    "amount": "Positive when received, negative when paid.",
    "from": "When the stream went down. `from_at` in Python and in the views; JSON may say that too.",
    "to": "When it was back. Left out while it is down. `to_at` in Python and in the views; JSON may say that too.",
    "average_price": "Average price.",
    "covered_from": "From here on the venue was asked for every fill.",
    "covered_to": "Up to here.",
    "orders": "Open orders that agreed.",
    "fills": "Fills of the account that stand in the ledger.",
    "positions": "Positions that agreed.",
    "open_breaks": "Differences that are not settled: id, and since when they are known.",
    "id": "Kind and subject of the break.",
    "since": "Since when it is known.",
    "cum_quantity": "Filled so far.",
    "leaves_quantity": "What can still be filled.",
    "trade_id": "Trade that it opens or closes.",
    "role": "Opens the trade, or closes it.",
    "parent": "Order it is a child of.",
    "group": "Orders that belong together.",
    "fee": "Positive when paid, negative when received.",
    "fee_currency": "Default: what the instrument is settled in.",
    "at": "As the message gave it; left out where it gave none.",
    "client_order_id": "As the message gave it: the order's own id, or another that it has borne.",
    "venue_order_id": "As the message gave it.",
    "aliases": "As the message gave them.",
    "reported": "What the venue claimed besides.",
    "message_id": "Idempotency key of the sender.",
    "code": "The anomaly.",
    "detail": "What was found, in a sentence.",
    "from_at": "When the stream went down.",
    "to_at": "When it was back.",
}

OF_MESSAGE: dict[tuple[str, str], str] = {
    ("request_replace", "quantity"): "The new total (FIX OrderQty), not what is left.",
    ("replace", "quantity"): "The total now in force, as the venue states it.",
    ("restate", "quantity"): "The total now in force, as the venue states it.",
    ("adjust", "quantity"): "Signed and absolute: from `at` on the position is this.",
    ("adjust", "price"): "Its average open price.",
    ("balance", "quantity"): "Signed: what the venue says the position is.",
    ("mark", "price"): "Price at which open positions are valued.",
    ("deny", "reason"): "Which check said no.",
    ("unresolved", "reason"): "How sending ended: e.g. `timeout`, `http_502`, `connection_lost`.",
}

OF_EVENT: dict[tuple[str, str], str] = {
    ("order_attributed.v1", "to"): "Stream of the order that these reports belong to, and where they are repeated.",
}

ENVELOPE: dict[str, str] = {
    "recorded_at": "When it was recorded, by this machine's clock. Never earlier than that of the event before it in the same process.",
    "source": "`strategy`, `operator`, `venue_push`, `venue_poll`, `reconciliation` or `import`; `ledger` for what the ledger adds itself.",
    "payload": "The fields below that differ from their defaults.",
    "at": "When it happened, only where that is neither in the payload nor `recorded_at`.",
    "actor": "Who, as the message gave it.",
    "correlation_id": "What belongs together, as the message gave it.",
    "causation_id": "Because of what, as the message gave it.",
    "text": "A sentence, as the message gave it.",
    "attributed_from": "[stream, version] of the report of an unknown order that this event repeats under the order it belongs to.",
    "evidence": "The raw payload of the venue: the same JSON values, its spacing aside.",
}

EVENT_VIEW: dict[str, str] = {
    "position": "Place in the log. Positions grow; they may have holes.",
    "account": "Trading account.",
    "stream": "Stream that the event belongs to.",
    "version": "Its number in that stream, from 1, without holes.",
    "name": "Name under which it is stored.",
    "recorded_at": "When it was recorded.",
    "at": "When it happened by the sender's clock, else `recorded_at`.",
    "source": "Where the message came from; `ledger` for what the ledger adds itself.",
    "actor": "Who.",
    "correlation_id": "What belongs together.",
    "causation_id": "Because of what.",
    "text": "A sentence.",
    "payload": "The fields that were given, numbers to the digit as they came, without an exponent.",
    "evidence": "The raw payload of the venue.",
    "attributed_from": "[stream, version] of the report that this event repeats under the order it belongs to.",
}

PNL_VIEW: dict[str, str] = {
    "account": "Trading account.",
    "instrument": "Instrument.",
    "strategy": "With `by` strategy: whose trades. Null for trades of orders without one, adjustments and funding.",
    "day": "With `by` day: the day in UTC.",
    "position_quantity": "Signed: positive is long. With `by` day: at the end of the day.",
    "average_open_price": "Average price of the open lots, 0 when flat.",
    "realized_pnl": "Realized P&L before fees, in `currency`.",
    "fees": "Fees by currency, positive when paid. The name is empty where nobody said a currency.",
    "funding": "Funding by currency, positive when received.",
    "net_pnl": "Realized less fees plus funding in `currency`. Null where `currency` is not known, and where an amount in another currency has "
    "no mark that converts it.",
    "unrealized_pnl": "What closing the position at the mark would realize. Null without a mark, and with `by` day.",
    "mark_price": "The last mark.",
    "currency": "What the instrument is settled in, as its definition says. Null without one: it is never guessed.",
    "anomalies": "Why `net_pnl` is null: `currency_unknown`, no definition says what the instrument is settled in; `rate_unknown`, an amount in "
    "another currency has no mark that converts it.",
    "method": "average, fifo or lifo.",
    "fills": "Fills that stand.",
    "bought_quantity": "Sum bought.",
    "sold_quantity": "Sum sold.",
}

POSITIONS_VIEW: dict[str, str] = {
    "open_buy_quantity": "What open buy orders can still be filled for, unresolved ones included.",
    "open_sell_quantity": "The same of sell orders.",
    "unresolved_orders": "How many of those orders have an unknown outcome.",
    "reported_quantity": "What the venue last said the position is (`balance`).",
}

PROPOSALS_VIEW: dict[str, str] = {
    "orders": "Our ids of the orders whose `links` name it, oldest request first.",
    "cum_quantity": "What those orders have filled, together.",
}

RECOVERY: dict[str, str] = {
    "open": "All orders that have not ended.",
    "in_flight": "Of those: requested or submitted, and nothing heard. Status `pending_new`, certainty `confirmed`.",
    "unresolved": "Of those: the outcome is unknown, ask the venue.",
    "pending": "Of those: a cancel or a replace is outstanding.",
    "events_read": "Events that had to be read to bring the views up to date.",
    "seconds": "How long that took.",
}

REASONS: dict[str, str] = {
    "unknown_order": "The command is about an order that is not recorded. It may exist at the venue all the same.",
    "order_ended": "The order has ended; the text says how, and how much was filled.",
    "duplicate_client_order_id": "The client order id was requested with other terms; or the id, also that of a replacement, is another order's.",
    "already_submitted": "Sent once already. Ask the venue; a second `submit` is let in after an `absent` later than the first.",
    "no_time_given": "Of a duplicate: the message gives neither `at` nor `message_id`, and an equal one is recorded. Only one of these could tell the two apart.",
    "already_acknowledged": "`submit` or `deny`, and the venue has the order.",
    "request_id_reused": "The id of a cancel or replace request that asked for something else.",
    "duplicate_proposal_id": "The proposal id was used with other terms.",
    "unknown_proposal": "`approve` or `decline` of a proposal that was never made.",
    "proposal_decided": "The proposal was approved or declined before.",
}

ANOMALIES: dict[str, tuple[str, str]] = {
    "overfill": ("More filled than the order's quantity. Said again of every further fill.", "cum_quantity no longer exceeds the quantity"),
    "fill_id_reused": ("One fill id came with other numbers. The earlier `at` counts, the other is kept as evidence.", "never"),
    "fill_after_end": (
        "A fill happened after the cancel, reject or expiry. It counts. Said again of every further one.",
        "the fill is busted or corrected, an end later than it is told, or the end is taken back",
    ),
    "unknown_order": ("A report of an order that nobody has requested here. It counts in positions and P&L.", "a request with its client order id arrives; an order that is attributed to another leaves the order view instead"),
    "quantity_mismatch": (
        "`reported` disagrees with what was recorded by the time of that report.",
        "what is missing is recorded, or a later claim agrees",
    ),
    "status_conflict": (
        "The venue's last word for the status contradicts the facts: filled with fills missing, working after an end, or ended without a report of it. Or the venue works what was denied here, has rejected what it worked, or reports work dated after an end.",
        "the facts or a later word agree, a later end is told, or the order is reinstated; of what was denied, never",
    ),
    "late_report": ("A report, not a fill, that happened before the end of the order and arrived after it. Of the message, not of the order.", "never"),
    "unknown_status": ("The venue's last word for the status is none this ledger knows.", "a later word is known"),
    "client_order_id_reused": (
        "More venue orders under one client order id than one, plus one per replace: e.g. two live orders after a retry.",
        "the missing replaces are recorded",
    ),
    "venue_order_id_reused": ("The venue order id was given to two orders; both have the anomaly. The report stays with the order it names.", "never"),
    "terms_conflict": ("A fill that stands is of another side or instrument than its order, which is not of type `other`. It counts as the venue told it.", "the fill is busted or corrected"),
}  # fmt: skip

OUTCOMES: dict[str, str] = {
    "recorded": "Appended and durable. `position` is its place in the log, `anomalies` what is odd about it. `text` is a hint at what may be a mistake: a limit order without `limit_price`, a stop order without `stop_price`, a stop_limit order without either.",
    "duplicate": "The same fact is in the log already. Nothing was appended.",
    "refused": "A command that may not happen. `reason` is a code, `text` says what is known. Nothing was appended.",
    "invalid": "Not a message. `field` and `text` say what is wrong with what. Nothing was appended.",
}

EXITS: dict[int, str] = {
    0: "done",
    1: "`record`: some messages were refused or invalid; `check`: a difference was found; `order`, `history`: no such order, or several; `reconcile`: breaks are open, or a venue could not be asked; `revert`: the break has appended nothing; `translate`: some payloads could not be read",
    2: "wrong usage: an unknown option or command, a value that cannot be read, or a setting that cannot be",
    3: "the store cannot be reached or used, there is no ledger to ask, it holds an event that cannot be read, or was made by a newer version",
    4: "the output cannot be written: a full disk, or a stream that is closed",
    130: "interrupted from the keyboard; what was acknowledged is recorded",
    141: "whoever read the output has left, as `head` does",
}

BREAKS: dict[str, str] = {
    "missing_fill": "The venue has a fill that the ledger has not.",
    "excess_fill": "A fill stands here that the venue, asked, says never happened, or that lies within another one: it is busted.",
    "fill_differs": "The venue tells a fill with another quantity, price or fee than stands here under its id (`fill_id_reused`). It stays open until the two agree, as by a `correct_fill`; the answers go back as far as that fill, within `looking_back`.",
    "missing_funding": "The venue has a funding that the ledger has not.",
    "missing_order": "An order works at the venue that the ledger does not know: it is adopted as external.",
    "missing_end": "The venue has ended an order that is open here, or not known.",
    "unanswered_order": "An order was in flight or unresolved here, and the venue knows what became of it.",
    "terms_differ": "Quantity, limit price, stop price or venue id of a working order are not those recorded.",
    "absent_order": "Open here, and the venue does not know it, or not under the id that it works under here. That is evidence, not an end: it stays open. Only of an order made elsewhere the end is concluded, after `concluding_seconds`: a `cancel` with the reason `concluded_absent`.",
    "not_asked": "The order seems to differ, or is missing from the venue's list, and this run did not ask about it: `questions_per_run` went to orders that had waited longer. The next run asks.",
    "quantity_differs": "The venue claims to have filled another quantity of an order than its fills add up to, be it open or ended. It stays open; fills are asked for again from then on, within `looking_back`.",
    "status_differs": "Ended here, and the venue says that it works. It stays open.",
    "two_live_orders": "Two orders work at the venue under one order of ours. It stays open.",
    "opening_position": "Held at the venue before the first fill that it told, and perhaps closed since: adopted when an account is first compared.",
    "position_differs": "The fills do not add up to the position that the venue states. It stays open until they do, or it is adjusted.",
    "unreadable_fill": "A row of the venue's answer about fills cannot be read, and may hide a fill. It stays open while the row is told and cannot be read; the answers go back as far as the first that had it, within `looking_back`.",
    "unreadable_order": "A row of the venue's list of open orders cannot be read. It stays open while the row is told and cannot be read.",
}

BREAK: dict[str, str] = {
    "break": "Its id: kind and subject. The same difference has the same id in every run.",
    "kind": "What differs: see [breaks](errors.md#breaks).",
    "account": "Trading account.",
    "subject": "The order, fill, funding or instrument that it is about.",
    "since": "When the difference came about, as far as is known.",
    "age_seconds": "From then to the run.",
    "text": "What differs, in a sentence.",
    "is_settled": "Whether the repairs settle it. What is not settled stays open, and stands in `open_breaks` of the certificate.",
    "ours": "The row of the view, before the repairs. Null where there is none.",
    "theirs": "What the venue said: its raw payload.",
    "repairs": "The messages that were appended, or in a dry run would be: as for `orderledger record`.",
}

RECONCILED: dict[str, str] = {
    "account": "Trading account.",
    "appended": "How many messages were recorded. 0 in a dry run.",
    "certificate": "The [`certify`](messages.md#certify) message of the run, with the ids of `open_breaks`. Null where the venue could not be asked.",
    "is_recorded": "Whether the certificate was recorded: it is where it says something new, and never in a dry run.",
    "fault": "Only where the venue could not be asked: why. Then there is no `appended` and no `is_recorded`, and nothing was concluded.",
}

STATUS: dict[str, str] = {
    "position": "End of the log.",
    "views_position": "How far the views are.",
    "views_behind": "How many positions they are behind.",
    "collectors": "By name, what each `orderledger collect` last said of itself.",
}

COLLECTOR: dict[str, str] = {
    "began_at": "When it was started.",
    "at": "When it said this; of one that was stopped, up to when it listened.",
    "is_running": "False once it was stopped. One that was killed says true, and `at` grows no more.",
    "waiting": "Messages that were heard, and are not being recorded yet.",
    "due": "Accounts that are to be reconciled now.",
    "accounts": "By name, the counters of each account.",
    "latencies": "Of `queue`, `commit` and `views` how long they took, in microseconds, since it was started.",
    "claim": "Only in the first second of a collector, beside what the one before it had said: what it is about to collect.",
}

COUNTERS: dict[str, str] = {
    "venue": "Venue.",
    "is_up": "Whether it is listened to. Of a collector that was stopped: whether it was then.",
    "frames": "Frames and answers that were heard.",
    "messages": "Messages that were recorded, whatever their outcome.",
    "events_appended": "Messages with the outcome `recorded`.",
    "duplicates": "Messages with the outcome `duplicate`.",
    "refused": "Messages with the outcome `refused`.",
    "garbled": "Frames and rows that could not be read. A row that is asked for again and again counts once in five minutes.",
    "gaps": "Interruptions, the one before the start included.",
    "reconciled": "Reconciliations that were done.",
    "failed_reconciliations": "Those that could not be done, and were begun again.",
    "breaks_settled": "Breaks that they settled.",
    "open_breaks": "Breaks that the last one left open.",
    "last_message_age_seconds": "Since the last message was heard. Null before the first.",
    "venue_lag_seconds": "How long after it happened, by the venue's clock, the last one was heard, by ours.",
    "recording_seconds_max": "The longest time from hearing a message to its commit.",
    "last_reconciled_at": "When the last reconciliation asked the venue.",
    "fault": "Why the account is not listened to as it should be, else why it could not be reconciled. Null while all is well.",
}

LATENCY: dict[str, str] = {
    "count": "How many were measured.",
    "latency_us_p50": "Median.",
    "latency_us_p90": "90th percentile.",
    "latency_us_p99": "99th percentile.",
    "latency_us_max": "The longest.",
}
