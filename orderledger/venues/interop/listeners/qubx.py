"""Qubx 0.7: a listener on the brokers and the account of a strategy's context."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial, wraps
from typing import Any

from orderledger import InvalidMessage, Ledger, Message, UnknownOrder
from orderledger.venues.interop.context import ObjectContext, reason_and_text
from orderledger.venues.interop.listeners.recording import Listening
from orderledger.venues.interop.objects import ForeignObject, moment_of_value
from orderledger.venues.interop.qubx import from_qubx
from orderledger.venues.interop.qubx_orders import lighter_alias

REFUSED = ("BadRequest", "InvalidOrder")
"""Qubx's exceptions, with those derived from them, that mean that an order was not accepted."""


class QubxListener(Listening):
    """Records the orders of one strategy's context. See `listen_to_qubx`."""

    def __init__(
        self,
        ledger: Ledger,
        account: str | Mapping[str, str],
        context: Any,
        instruments: Mapping[str, str] | None,
    ) -> None:
        super().__init__(
            ledger, account if isinstance(account, str) else ", ".join(account.values())
        )
        self._accounts, self._ctx, self._instruments = account, context, instruments

    def attach(self) -> None:
        """Wrap the sending of each broker, and the reports that the account receives."""
        for broker in self._ctx._brokers:
            for name in ("send_order", "send_order_async"):
                setattr(broker, name, self._sending(getattr(broker, name)))
            for name in ("cancel_order", "cancel_order_async"):
                setattr(broker, name, self._canceling(broker, getattr(broker, name)))
        account = self._ctx.account
        process_order, process_deals = account.process_order, account.process_deals

        @wraps(process_order)
        def process_and_record(order: Any, *arguments: Any, **others: Any) -> Any:
            self.record(lambda: self._messages(order, order.instrument))
            return process_order(order, *arguments, **others)

        @wraps(process_deals)
        def process_deals_and_record(instrument: Any, deals: Any) -> Any:
            for deal in deals:
                self.record(partial(self._messages, deal, instrument))
            return process_deals(instrument, deals)

        account.process_order, account.process_deals = process_and_record, process_deals_and_record

    def _sending(self, send: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(send)
        def sending(*arguments: Any, **named: Any) -> Any:
            request: Any = arguments[0] if arguments else named.get("request")
            if getattr(request, "client_id", None) is None:  # or Qubx 0.7.3, without requests
                return send(*arguments, **named)
            known = lighter_alias(ForeignObject(request))
            self.record(lambda: [*self._messages(request, request.instrument), self._own(request)])
            try:
                sent = send(*arguments, **named)
            except Exception as error:
                self.record(partial(self._failed, request, error))
                raise
            if (alias := lighter_alias(ForeignObject(request))) != known:
                state = {"status": "pending_new", "aliases": alias}
                self.record(lambda: [self._own(request, "status_observed", **state)])
            return sent

        return sending

    def _canceling(self, broker: Any, cancel: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(cancel)
        def canceling(order_id: Any, *arguments: Any, **others: Any) -> Any:
            self.record(lambda: self._cancel_of(broker, str(order_id)))
            return cancel(order_id, *arguments, **others)

        return canceling

    def _cancel_of(self, broker: Any, order_id: str) -> list[Message]:
        """The request to cancel an order of ours that has not ended."""
        account = self._account_of(str(broker.exchange()))
        try:
            row = self.ledger.order(order_id, account=account)
        except UnknownOrder:
            return []
        own = row["client_order_id"]
        if own is None or not row["is_open"] or row["pending"] == "cancel":
            return []
        context = ObjectContext(account=account, at=self._now(), instruments={}, evidence=None)
        return [context.message("request_cancel", at=None, client_order_id=own)]

    def _messages(self, reported: Any, instrument: Any) -> list[Message]:
        return from_qubx(
            reported,
            account=self._account_of(str(instrument.exchange)),
            at=self._now(),
            instrument=instrument,
            instruments=self._instruments,
        )

    def _own(self, request: Any, kind: str = "submit", **fields: Any) -> Message:
        account = self._account_of(str(request.instrument.exchange))
        context = ObjectContext(account=account, at=self._now(), instruments={}, evidence=None)
        return context.message(kind, at=None, client_order_id=request.client_id, **fields)

    def _failed(self, request: Any, error: Exception) -> list[Message]:
        """Only a refusal ends the order: after any other error it may be at the venue."""
        names = [one.__name__ for one in type(error).__mro__]
        was_refused = any(name in names for name in REFUSED)
        cause = reason_and_text(names[0], str(error), "failed")
        return [self._own(request, "rejected" if was_refused else "unresolved", **cause)]

    def _account_of(self, exchange: str) -> str:
        if isinstance(self._accounts, str):
            return self._accounts
        if exchange not in self._accounts:
            raise InvalidMessage("account", f"no account is given for {exchange}")
        return self._accounts[exchange]

    def _now(self) -> datetime | None:
        return moment_of_value(self._ctx.time())


def listen_to_qubx(
    ctx: Any,
    ledger: Ledger | str,
    *,
    account: str | Mapping[str, str],
    instruments: Mapping[str, str] | None = None,
) -> QubxListener:
    """Record the orders of a Qubx strategy (0.7.20). Call it in the strategy's `on_start`.

    - `ledger`: a ledger, or the path or URL of one.
    - `account`: the ledger's account, or accounts by Qubx's exchange (`BINANCE.UM`).
    - `instruments`: the ledger's names of instruments, by Qubx's (`BINANCE.UM:SWAP:ETHUSDT`), if
      they differ.

    The request and its submission are recorded before the broker sends it, and a cancel before it
    is sent. An order that Qubx sends without a client id (`update_order` of its simulator) is
    recorded when it is reported.
    """
    opened = Ledger.open(ledger) if isinstance(ledger, str) else ledger
    listener = QubxListener(opened, account, ctx, instruments)
    listener.attach()
    return listener
