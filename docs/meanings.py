"""Explanations for the reference pages that the code does not contain: common fields, codes, exit statuses.

`generate.py` fails on a name that is in the code and not here, so that everything in the package is explained.
"""

# ruff: noqa: E501  (a cell of a Markdown table is one line)

ENVELOPE: dict[str, str] = {
    "recorded_at": "Time of recording, by this machine's clock. Never earlier than that of the previous event of the same process.",
    "source": "`strategy`, `operator`, `venue_push`, `venue_poll`, `reconciliation` or `import`; `ledger` for events that the ledger adds.",
    "payload": "The fields of the event that differ from their defaults.",
    "at": "When it happened, if that time is neither in the payload nor equal to `recorded_at`.",
    "actor": "Person or program that caused it, as in the message. Over HTTP with tokens: the name of the token.",
    "on_behalf_of": "For whom the actor acted, as the actor says. Missing in events of older versions.",
    "correlation_id": "Id shared by related messages, as in the message.",
    "causation_id": "Id of the cause, as in the message.",
    "text": "Sentence for people, as in the message.",
    "evidence_hash": "SHA-256 of salt and evidence, which are stored beside the event. See [Proof](../explanation/proof.md).",
    "text_hash": "SHA-256 of salt and text, which are stored beside the event.",
    "first_position": "Log position of the event that this one repeats. Negative: that many positions back, if both were stored in one commit.",
    "attributed_from": "[stream, version] of the original event, if this event repeats a report of an unknown order under its own order.",
    "evidence": "Raw payload of the venue: the same JSON values, without its spacing.",
}

EVENT_VIEW: dict[str, str] = {
    "position": "Log position. Positions grow and may have holes.",
    "account": "Trading account.",
    "stream": "Stream of the event.",
    "version": "Number of the event in its stream, from 1, without holes.",
    "name": "Stored name of the event.",
    "recorded_at": "Time of recording.",
    "at": "When it happened, by the sender's clock; otherwise `recorded_at`.",
    "source": "Source of the message; `ledger` for events that the ledger adds.",
    "actor": "Person or program that caused it. Over HTTP with tokens: the name of the token.",
    "on_behalf_of": "For whom the actor acted, as the actor says.",
    "correlation_id": "Id shared by related messages.",
    "causation_id": "Id of the cause.",
    "text": "Sentence for people.",
    "payload": "The fields of the message. Numbers keep their digits, without an exponent.",
    "evidence": "Raw payload of the venue.",
    "is_forgotten": "Whether evidence or text was recorded with the event, and was forgotten since.",
    "attributed_from": "[stream, version] of the report that this event repeats under its own order.",
}

PNL_VIEW: dict[str, str] = {
    "account": "Trading account.",
    "instrument": "Instrument.",
    "strategy": "With `by` strategy: the strategy of the trades. Null for orders without a strategy, adjustments and funding.",
    "day": "With `by` day: day in the time zone that you named, else UTC.",
    "asset": "With `by` asset: the coin or currency. `position_quantity` is then its balance, and prices are those of one unit in `currency`.",
    "moved": "With `by` asset: what moved the coin besides fills. A list of `kind` (fee, funding, pnl of margined instruments, or the kind of a "
    "transfer), `cause` and `instrument` of a transfer, `amount` as the balance moved, and its `worth` in `currency` at the rates of the times.",
    "position_side": "Position side: `long` or `short` where the venue keeps two positions of the instrument, else `net`.",
    "position_id": "The venue's id of the position, empty if it gives none.",
    "position_quantity": "Signed: positive is long, on every side. With `by` day: at the end of the day. Null where the position side of "
    "a fill is not known.",
    "average_open_price": "Average price of the open lots, 0 when flat. Null where `reason` says why.",
    "realized_pnl": "Realized P&L before fees, in `currency`. Null where `reason` says why.",
    "fees": "Fees by currency, positive when paid. The name is empty if the currency is unknown.",
    "funding": "Funding by currency, positive when received.",
    "net_pnl": "Realized P&L less fees plus funding in `currency`. Null if `currency` is unknown, or if an amount in another currency has "
    "no rate. Of an instrument whose kind is defined, a fee is converted at the time of its fill: in the traded coin at the price of the fill.",
    "unrealized_pnl": "P&L that closing the position at the mark would realize. Null without a mark, and with `by` day. For a period (`since`, `until`): its change.",
    "mark_price": "The last mark.",
    "currency": "Settlement currency from the instrument's definition. Null without one: it is never guessed.",
    "reason": "Why figures are null: `position_side_unknown`, `impossible_price`, `kind_conflict`, `currency_unknown`, `rate_unknown`, or `no_rate:BNB->USDT`: a fee had no rate at the time of its fill.",
    "anomalies": "What stands against the figures. `position_side_unknown`, `position_side_conflict`, `impossible_price`: see the anomalies of "
    "these names. `currency_unknown`: no definition gives the settlement currency. `rate_unknown`: an amount in "
    "another currency has no mark that converts it.",
    "method": "average, fifo or lifo.",
    "fills": "Number of active fills.",
    "bought_quantity": "Total quantity bought.",
    "sold_quantity": "Total quantity sold.",
}

POSITIONS_VIEW: dict[str, str] = {
    "open_buy_quantity": "Quantity that open buy orders can still fill, unresolved ones included.",
    "open_sell_quantity": "The same for sell orders.",
    "unresolved_orders": "Number of those orders with an unknown outcome.",
    "reported_quantity": "Position in the venue's last report (`balance`).",
}

EXPOSURE_VIEW: dict[str, str] = {
    "account": "Trading account.",
    "instrument": "Instrument.",
    "position_side": "Position side: `long`, `short` or `net`. Open orders without a side count as `net`.",
    "position_id": "The venue's id of the position, empty if it gives none.",
    "reason": "Why figures are null, as in the P&L view.",
    "position_quantity": "Signed position from the recorded fills. Null where the position side of a fill is not known.",
    "position_quantity_least": "The position if every open sell order is filled and no buy order. Null if nothing bounds it.",
    "position_quantity_most": "The position if every open buy order is filled and no sell order. Null if nothing bounds it.",
    "open_buy_quantity": "Quantity that open buy orders may still fill, with outstanding replaces to more. Null if the quantity of one is unknown.",
    "open_sell_quantity": "The same for sell orders.",
    "unresolved_buy_quantity": "The part of `open_buy_quantity` of orders with an unknown outcome.",
    "unresolved_sell_quantity": "The same for sell orders.",
    "mark_price": "The last mark.",
    "notional": "What the position is worth at the mark, without its sign, in `currency`. Null without a mark.",
    "notional_least": "The same for `position_quantity_least`.",
    "notional_most": "The same for `position_quantity_most`.",
    "total_pnl": "`net_pnl` and `unrealized_pnl` of the P&L view. Null if either is unknown; a flat position needs no mark.",
    "total_pnl_least": "The least that it is, if each unresolved order was filled wholly at its limit price, or not at all. Null if nothing bounds it.",
    "total_pnl_most": "The most that it is.",
    "currency": "Settlement currency from the instrument's definition. Null without one.",
    "orders": "The open orders that make up the interval.",
}

EXPOSURE_ORDER: dict[str, str] = {
    "client_order_id": "Our id.",
    "venue_order_id": "The venue's id.",
    "side": "buy or sell. Null if it is unknown: the order counts on both sides.",
    "leaves_quantity_most": "The most that it may still fill, with an outstanding replace to more. Null if its quantity is unknown.",
    "limit_price": "Limit price in force.",
    "status": "Status of the order.",
    "pending": "cancel or replace, while the venue has not answered one.",
    "certainty": "confirmed or unresolved.",
}

LATENCY_VIEW: dict[str, str] = {
    "account": "With `by` account: trading account.",
    "strategy": "With `by` strategy: strategy. Null for orders without one.",
    "instrument": "With `by` instrument: instrument. Null for orders of which it is unknown.",
    "hour": "With `by` hour: hour of the request in UTC, such as `2026-11-20T09:00Z`. An order that was not requested here counts by its last update.",
    "orders": "Number of orders.",
    "rejected": "Orders that the venue rejected.",
    "denied": "Orders that our own checks refused.",
    "unresolved": "Orders whose sending, cancel or replace ended without an answer, also if the outcome is known by now.",
    "timeouts": "The unresolved orders whose first reason is `timeout`.",
    "steps": "The steps, each by both clocks. A step that no order has is missing.",
}

LATENCY_STEP: dict[str, str] = {
    "step": "`request_to_submit`, `submit_to_acknowledge`, `acknowledge_to_first_fill`, `submit_to_end` or `cancel_to_canceled`.",
    "clock": "`ours`: when the events were recorded here. `venue`: the times in the reports, less the `at` of our own message where the step begins with one.",
}

LATENCY_BUCKETS = "The buckets that are not empty, each with `up_to_us`, its upper bound in microseconds (1, 2, 5, 10, … 500,000,000; null above), and `count`."

PROPOSALS_VIEW: dict[str, str] = {
    "orders": "Our ids of the orders whose `links` name the proposal, oldest request first.",
    "cum_quantity": "Total quantity that those orders have filled.",
}

RECOVERY: dict[str, str] = {
    "open": "All orders that have not ended.",
    "in_flight": "Open orders that were requested or submitted, without any report since. Status `pending_new`, certainty `confirmed`.",
    "unresolved": "Open orders with an unknown outcome: ask the venue.",
    "pending": "Open orders with a pending cancel or replace.",
    "doubts": "What is unknown of each order in doubt, since when, why, and the commands that settle it.",
    "pending_ages": "Age of each pending request in seconds, by stream.",
    "events_read": "Number of events read to update the views, and about doubts.",
    "seconds": "Duration of that.",
}

REASONS: dict[str, str] = {
    "unknown_order": "The command names an order that is not recorded. The venue may have it all the same.",
    "order_ended": "The order has ended. The text says how, and how much was filled.",
    "duplicate_client_order_id": "The client order id was requested with other terms. Or another order has the id, which may be a replacement's.",
    "already_submitted": "The order was submitted before. Ask the venue. A second `submit` is accepted after an `absent` that is later than the first `submit`.",
    "no_time_given": "the message has neither `at` nor `message_id`, and an equal one is recorded. If they are two messages, give `at` or `message_id`.",
    "already_acknowledged": "A `submit` or `deny` of an order that the venue has.",
    "message_id_reused": "The message id belongs to another message about this order or account, with other content.",
    "request_id_reused": "The request id belongs to a cancel or replace request with other terms.",
    "duplicate_proposal_id": "The proposal id belongs to a proposal with other terms.",
    "unknown_proposal": "An `approve` or `decline` of a proposal that was never made.",
    "proposal_decided": "The proposal was already approved or declined.",
}

ANOMALIES: dict[str, tuple[str, str]] = {
    "overfill": ("The fills exceed the order's quantity. Repeated for every further fill.", "cum_quantity no longer exceeds the quantity"),
    "fill_id_reused": ("Two fills share an id but differ in numbers. The one with the earlier `at` counts; the other is kept as evidence.", "never"),
    "fill_after_end": (
        "A fill happened after the cancel, reject or expiry. It counts. Repeated for every further fill.",
        "the fill is busted or corrected, a later end is reported, or the end is undone",
    ),
    "unknown_order": ("A report names an order that was not requested here. It counts in positions and P&L.", "a request with its client order id arrives; an order that is attributed to another leaves the order view instead"),
    "quantity_mismatch": (
        "The numbers in `reported` differ from the facts up to the time of that report, and from those up to a millisecond later.",
        "the missing facts are recorded, or a later report agrees. A later filled quantity replaces an open quantity that was reported before, if the report has the order's quantity or all of it is filled",
    ),
    "status_conflict": (
        "The venue's last reported status contradicts the facts: filled with fills missing, working after an end, or ended without a report of the end. Or the venue works an order that was denied here, rejected an order that it had worked, or reports work dated after an end.",
        "the facts or a later report agree, a later end is reported, or the order is reinstated; never for a denied order",
    ),
    "late_report": ("A report other than a fill happened before the end of the order and arrived after it. The anomaly belongs to the message, not to the order.", "never"),
    "unknown_status": ("The ledger does not know the venue's last status word.", "a later status word is known"),
    "client_order_id_reused": (
        "One client order id has more venue orders than one plus one per replace, and one more if it was triggered: e.g. two live orders after a retry.",
        "the missing replaces, or the trigger, are recorded",
    ),
    "venue_order_id_reused": ("Two orders have the same venue order id; both have the anomaly. The report stays with the order it names.", "never"),
    "message_id_reused": ("A report has the `message_id` of an earlier report with other content. Both are recorded. Of fundings, splits and settlements the earlier counts.", "never"),
    "impossible_price": ("A fill, a settlement or an adjusted position of an inverse instrument has a price of 0 or less. The position has no P&L until it is corrected.", "the fill is busted or corrected, the settlement is busted, or another `adjust` replaces the position before anything else changes it"),
    "position_side_unknown": ("A fill in hedge mode has no position side, and its order has none either. Position and P&L of the instrument are null.", "a later report of the fill or of its order gives the side"),
    "position_side_conflict": ("A fill names a position side, but the account keeps one net position. The fill counts in the net position. The anomaly is also raised if the reports of a fill, the fills of an order, or a fill and its order name different sides. Of the reports of one fill the earliest side counts, of those of an order the latest.", "the fill is busted or corrected, or the instrument proves to be in hedge mode"),
    "transfer_id_reused": ("A transfer has the venue's id and the kind of another one, and another amount or currency. Of the two the earlier counts.", "never"),
    "balance_conflict": ("The venue reported two amounts of one currency, or two quantities of one position, for one time. None of them counts.", "a later balance of the currency or the position is recorded"),
    "kind_conflict": ("The definition of the instrument contradicts itself or its fills: spot without `base`, an inverse instrument that is not margined, or a fill of spot, a security or an option that names a long or short position. The figures of the position are null.", "the definition is completed or corrected"),
    "oco_both_filled": ("Two orders of one group of kind `oco` have active fills. Shown for each of them. The fills count.", "when only one of them has a fill: the fills of the others are busted"),
    "child_filled_first": ("An order of a group of kind `oto` or `bracket` has a fill before the first fill of its `parent`, its parent has none, or the parent is unknown.", "when a fill of the parent is known that is not later, or the child's is busted"),
    "children_exceed_parent": ("The children of one parent, in a group of kind `oto` or `bracket`, have filled more than the parent. Shown for each child with a fill. Open quantities are not compared: venues show children as working before they can trade.", "when the fills agree again"),
    "terms_before_split": ("Open orders were requested before a split of their instrument, and the venue has reported no new terms of them since. Shown once for the last split of the instrument; `detail` names the orders.", "when each of them is replaced, restated or ended"),
    "log_went_back": ("The database came back with an older state of the log, after a failover or the restore of a backup. `detail` names the positions that are lost. The account is `*`.", "never"),
    "terms_conflict": (
        "An active fill has another side or instrument than its order, whose type is not `other`. It counts as the venue reported it. Or the venue refused the order because another order has its client id, with another side or instrument. Or it reports unasked that another price triggers the order (`trigger_source`).",
        "the fill is busted or corrected; the venue reports our trigger source again; never after such a refusal",
    ),
}  # fmt: skip

OUTCOMES: dict[str, str] = {
    "recorded": "Appended and durable. `position` is the log position, `anomalies` lists the codes of its anomalies. `text` hints at a possible mistake: a limit order without `limit_price`, a stop order without `stop_price`, a stop_limit order without either, or an end or a replace that is reported while no request is pending, by a strategy, or with neither `venue_order_id` nor `evidence` (a report says what the venue has done; `request_cancel` and `request_replace` ask for it).",
    "duplicate": "The log has the same fact already. Nothing was appended.",
    "refused": "The command is not allowed in the order's state. `reason` is a code, `text` describes the state. Nothing was appended.",
    "invalid": "Not a valid message. `field` names the wrong field and `text` the fault; a line of `record --ack` has both in `reason`. Nothing was appended.",
}

EXITS: dict[int, str] = {
    0: "done",
    1: "`record`: some messages were refused or invalid; `check`: a difference was found; `order`, `history`: no such order, or several; `reconcile`: breaks are open, or a venue could not be queried; `revert`: no event has the break as its cause; `resolve`: the decision was refused, or there is no such order, or several; `halt`, `resume`: the ledger does not know the scope; `config check`: the file has faults; `translate`: some payloads could not be read",
    2: "wrong usage: an unknown option or command, a value that cannot be read, or an impossible setting",
    3: "the store cannot be reached or used, there is no ledger to query, the log has an event that cannot be read, or a newer version made the store",
    4: "the output cannot be written: a full disk, or a stream that is closed",
    130: "interrupted from the keyboard; acknowledged messages are recorded",
    141: "the reader of the output has closed it, as `head` does",
}

BREAKS: dict[str, str] = {
    "missing_fill": "The venue has a fill that the ledger lacks.",
    "excess_fill": "The ledger has an active fill that the venue denies when queried, or that is contained in another fill. The run busts it.",
    "fill_differs": "The venue reports a fill with another quantity, price or fee than the ledger has under its id (`fill_id_reused`). It stays open until the two agree, for example after a `fill_corrected`. Queries go back to that fill, within `lookback`.",
    "missing_funding": "The venue has a funding that the ledger lacks.",
    "missing_order": "The venue works an order that the ledger does not know. The run adopts it as external.",
    "missing_end": "The venue has ended an order that is open or unknown here.",
    "unanswered_order": "An order was in flight or unresolved here, and the venue reports its state.",
    "terms_differ": "Quantity, limit price, stop price or venue id of a working order differ from the recorded ones.",
    "absent_order": "The order is open here, and the venue does not know it, or does not know the id that it works under here. That is evidence, not an end: the order stays open. Only an order made elsewhere is concluded to have ended, after `concluding_seconds`: a `canceled` with the reason `concluded_absent`.",
    "not_asked": "The order seems to differ, or is missing from the venue's list, and this run did not query it: `questions_per_run` were used for orders that had waited longer. A later run queries it.",
    "quantity_differs": "The venue claims another filled quantity than the order's fills add up to, whether the order is open or ended. It stays open. Queries for fills go back to that time, within `lookback`.",
    "status_differs": "The order has ended here, and the venue lists it as working. The run queries the order: an answer that shows it working later than its end opens it again, otherwise the break stays open.",
    "two_live_orders": "The venue works two orders under one order of ours. The break stays open.",
    "opening_position": "A position was held before the first fill that the venue reports, and perhaps closed since. The first run of an account takes it over.",
    "position_differs": "The fills do not add up to the position that the venue reports. It stays open until they do, or until the position is adjusted.",
    "missing_transfer": "A transfer that the venue reports is missing here. It is recorded.",
    "missing_event": "A split, a settlement, its bust or a rename that the venue reports is missing "
    "here. It is recorded.",
    "opening_balance": "The account had no opening balance. The first run whose venue states balances takes them over, as an `adjust` with a currency.",
    "balance_differs": "The venue states another balance than the log adds up to, by more than the residual. It stays open until both agree, or until the balance is adjusted.",
    "unreadable_fill": "A row of the venue's answer about fills cannot be read, and may hide a fill. It stays open while the venue sends the row and it cannot be read. Queries go back to the first answer with the row, within `lookback`.",
    "unreadable_order": "A row of the venue's list of open orders cannot be read. It stays open while the venue sends the row and it cannot be read.",
}

BREAK: dict[str, str] = {
    "break": "Id of the break: kind and subject. The same difference has the same id in every run.",
    "kind": "Kind of difference: see [breaks](errors.md#breaks).",
    "account": "Trading account.",
    "subject": "The order, fill, funding or instrument that differs.",
    "since": "When the difference began, as far as is known.",
    "age_seconds": "Seconds from then to the run.",
    "text": "The difference in a sentence.",
    "is_settled": "Whether the repairs settle the break. A break that is not settled is listed in `open_breaks` of the certificate.",
    "ours": "Row of the view before the repairs. Null if there is none.",
    "theirs": "Raw payload of the venue.",
    "repairs": "The messages that were appended, or would be in a dry run. They have the form of `orderledger record`.",
}

RECONCILED: dict[str, str] = {
    "account": "Trading account.",
    "appended": "Number of messages recorded. 0 in a dry run.",
    "certificate": "The [`certify`](messages.md#certify) message of the run, with the ids of `open_breaks`. Null if the venue could not be queried.",
    "is_recorded": "Whether the certificate was recorded. It is if it says something new, and never in a dry run.",
    "stages": "In a dry run only: the lists that the stages of the run hand on, `facts`, `differences`, `repairs`, `records` and `certificate`. See [reconciliation](../explanation/reconciliation.md#the-stages-of-a-run).",
    "fault": "Why the venue could not be queried; only present then. `appended` and `is_recorded` are then missing, and the run concluded nothing.",
}

STATUS: dict[str, str] = {
    "position": "Last log position.",
    "views_position": "Log position that the views have reached.",
    "views_behind": "Number of log positions the views are behind.",
    "tiles_position": "Log position that the tiles of hashes have reached. `checkpoint` brings them to the end of the log.",
    "tiles_behind": "Number of log positions the tiles are behind.",
    "checkpoint_position": "Log position of the newest checkpoint in the store, 0 without one.",
    "log": "What this process knows of the log: `position` and `digest` (SHA-256) of the newest event that it has read or written, and `went_back`: the last times that the database had an older state of the log. Each has `kept_to`, the last position that was still there, `lost_to`, the last one that was known, and the `digest` of that event.",
    "collectors": "By name, the last status of each `orderledger collect`.",
    "gateways": "By account, what its gateway last published of its breakers and of the venue's clock.",
    "watchers": "By name, when each watcher of alerts last looked (`at`), how often it looks, and whether it was stopped.",
    "copies": "Archives (`archive DIR`) and relays (`relay TARGET`) by name: the log `position` that each has reached, `events_behind` the log (log positions), and `seconds_behind`: for how long the first of these events has been in the log.",
}

GATEWAY: dict[str, str] = {
    "holder": "The gateway: host, process id and name.",
    "at": "Time of this status.",
    "is_running": "False once the gateway has been stopped.",
    "paused_until": "End of the pause that the venue asked for: nothing is sent before. Null without one.",
    "clock": "Offset of the venue's clock from ours: `offset_seconds`, within `within_seconds`. Null if it is not known.",
    "breakers": "What each breaker watches. Whether it has tripped is in the log: `halts --active`, and `/api/breakers` of the service.",
}

BREAKER = ("breaker", "instrument", "strategy", "cancels_orders", "limit", "value", "currency")
"""What a gateway publishes of a breaker: columns of `BreakerRow`, which have the meanings."""

COLLECTOR: dict[str, str] = {
    "began_at": "When the collector was started.",
    "at": "Time of this status. For a stopped collector, the time until which it listened.",
    "is_running": "False once the collector was stopped. If it was killed, true remains and `at` no longer changes.",
    "waiting": "Number of received messages that are not being recorded yet.",
    "due": "Number of accounts due for reconciliation.",
    "accounts": "By account, its counters.",
    "latencies": "Durations of `queue`, `commit` and `views` since the start, in microseconds.",
    "claim": "What a starting collector is about to collect. Present only in its first second, beside the status of the collector before it.",
}

COUNTERS: dict[str, str] = {
    "venue": "Venue.",
    "is_up": "Whether the feed is up. For a stopped collector, whether it was up then.",
    "frames": "Frames and answers received.",
    "messages": "Messages given to the ledger, whatever their outcome.",
    "events_appended": "Messages with the outcome `recorded`.",
    "duplicates": "Messages with the outcome `duplicate`.",
    "refused": "Messages with the outcome `refused`.",
    "unreadable": "Frames and rows that could not be read. A row that comes with every query counts once in five minutes.",
    "gaps": "Interruptions of the feed, the one before the start included.",
    "reconciled": "Reconciliations completed.",
    "failed_reconciliations": "Reconciliations that failed and were started again.",
    "breaks_settled": "Breaks that reconciliations settled.",
    "open_breaks": "Breaks that the last reconciliation left open.",
    "last_message_age_seconds": "Seconds since the last message was received. Null before the first.",
    "venue_lag_seconds": "Delay of the last message: time of receipt by our clock less its time by the venue's clock.",
    "recording_seconds_max": "Longest time from the receipt of a message to its commit.",
    "last_reconciled_at": "When the last reconciliation queried the venue.",
    "fault": "Why the feed is not up, or else why the account could not be reconciled. Null while all is well.",
    "paused_until": "End of the pause that the venue asked for: nothing is sent before. Null without one.",
}

LATENCY: dict[str, str] = {
    "count": "Number of measurements.",
    "latency_us_p50": "Median.",
    "latency_us_p90": "90th percentile.",
    "latency_us_p99": "99th percentile.",
    "latency_us_max": "Maximum.",
}

PUBLIC_NAMES = {
    "BreakReport": "One difference in an `AccountReport`, with the messages that repair it.",
    "CALM": "A line that loses, delays and repeats nothing.",
    "UNAUTHORIZED": "The refusals of a missing or a wrong key, for `Refusals`.",
    "CONTENT_TYPE": "The content type of `metrics_text`.",
    "Document": "One object of a payload: a dictionary with text as keys.",
    "Event": "What `transport.Socket` delivers: `Opened`, `Frame` or `Closed`.",
    "FeedEvent": "What `Venue.listen` yields: `Messages`, `Up`, `Down` or `UnreadablePayload`.",
    "Sent": "What an order entry returns: the venue's answer as messages; empty if the venue only says that it has received the request.",
    "SendingState": "The words of `Sending.state`.",
}
"""Of public names without a docstring."""
