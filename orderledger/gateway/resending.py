"""Sends an order again that the venue has never received."""

from typing import Any

from orderledger import Submit
from orderledger.gateway import native_groups
from orderledger.gateway.flights import Flight
from orderledger.gateway.limits import Denial
from orderledger.gateway.outgoing import Outgoing
from orderledger.gateway.parts import GatewayParts
from orderledger.gateway.pre_trade import PreTradeChecks
from orderledger.gateway.proposed import proposed_of_row
from orderledger.gateway.results import Sending
from orderledger.rows import OrderRow


class Resender:
    """Sends the orders of a gateway again."""

    def __init__(self, parts: GatewayParts, outgoing: Outgoing, checks: PreTradeChecks) -> None:
        self._parts = parts
        self._outgoing = outgoing
        self._checks = checks

    async def resend(self, row: OrderRow, *, actor: str | None = None) -> Sending:
        """Send an order again that the venue did not know. The ledger refuses that if no absence is
        recorded, unless `actor` forces it."""
        account, name = row["account"], row["client_order_id"] or ""
        refused = self._why_not(row)
        if refused is not None:
            return Sending("refused", account, name, refused.reason, refused.text)
        fence = self._parts.keeper.fence(account)
        flight = Flight((account, name), row)
        if self._outgoing.flights.setdefault(flight.key, flight) is not flight:
            return Sending(
                "refused", account, name, "already_submitted", "it is already being sent"
            )
        try:
            return await self._send(flight, fence, actor)
        finally:
            self._outgoing.forget(flight)

    def _why_not(self, row: OrderRow) -> Denial | None:
        if native_groups.is_native(row["tags"]):
            return Denial("native_group", native_groups.NOT_RESENT)
        refused = self._checks.halted_now(row)
        if refused is None and row["status"] == "denied":  # it counts in no limit any more
            refused = self._checks.why_not(proposed_of_row(row))
        return refused

    async def _send(self, flight: Flight, fence: int, actor: str | None) -> Sending:
        account, name = flight.key
        decided: dict[str, Any] = (
            {} if actor is None else {"is_forced": True, "actor": actor, "source": "operator"}
        )
        flight.row["aliases"] = self._new_aliases(flight.row)
        submit = Submit(
            account=account,
            client_order_id=name,
            at=self._parts.clock.now(),
            request_expires_at=self._outgoing.expire(flight),
            aliases=flight.row["aliases"],
            **decided,
        )
        (outcome,) = await self._outgoing.record([flight], [submit], fence)
        if outcome.outcome != "recorded":
            return Sending("refused", account, name, outcome.reason, outcome.text, outcome=outcome)
        flight.begin()
        await self._outgoing.send(account, [flight])
        return await self._outgoing.answered(flight, outcome)

    def _new_aliases(self, row: OrderRow) -> dict[str, str]:
        """The aliases of an order that is sent again: with a new id at the venue, unless the venue
        refuses a used id for ever."""
        entry, aliases = self._parts.entries[row["account"]], dict(row["aliases"] or {})
        absence = entry.abilities.absence
        again = getattr(entry, "prepare_again", None)
        is_kept = entry.abilities.resends_safely or (absence is not None and not absence.is_new_id)
        return aliases if again is None or is_kept else {**aliases, **again(row)}
