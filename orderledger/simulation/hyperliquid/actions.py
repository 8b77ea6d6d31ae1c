"""How a simulated Hyperliquid handles orders: the actions of `/exchange`, in the venue's format.

A signature identifies the sender, so it is verified with the official SDK (the extra
`orderledger[hyperliquid]`).
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from orderledger import OrderType, Side, TimeInForce
from orderledger.extend.runtime import needed
from orderledger.extend.values import plain, total
from orderledger.simulation.hyperliquid.groups import Groups, is_group
from orderledger.simulation.market import (
    ExchangeSimulator,
    OrderStatus,
    Reason,
    Refusal,
    SimulatedOrder,
)
from orderledger.simulation.market.checks import OrderTerms
from orderledger.simulation.servers.countdowns import Countdowns
from orderledger.venues.hyperliquid.signing import EXTRA
from orderledger.venues.hyperliquid.vocabulary import is_cloid

Document = dict[str, Any]
TIMES_IN_FORCE = {"Gtc": TimeInForce.GTC, "Alo": TimeInForce.GTC, "Ioc": TimeInForce.IOC}
TRIGGERS = {
    ("sl", True): OrderType.STOP,
    ("sl", False): OrderType.STOP_LIMIT,
    ("tp", True): OrderType.TAKE_PROFIT,
    ("tp", False): OrderType.TAKE_PROFIT_LIMIT,
}

TEXTS = {
    Reason.REDUCE_ONLY_WOULD_INCREASE: "Reduce only order would increase position.",
    Reason.INCORRECT_PRICE: "Order has invalid price.",
    Reason.INCORRECT_STOP_PRICE: "Invalid TP/SL price.",
    Reason.INCORRECT_QUANTITY: "Order has invalid size.",
    Reason.POST_ONLY_WOULD_MATCH: "Post only order would have immediately matched, bbo was "
    "unknown.",
    Reason.UNKNOWN_ORDER: "Order was never placed, already canceled, or filled.",
    Reason.TOO_LATE_TO_CANCEL: "Order was never placed, already canceled, or filled.",
    Reason.TOO_LATE_TO_REPLACE: "Cannot modify canceled or filled order",
    "insufficient_margin": "Insufficient margin to place order.",
}
VOLUME_FOR_SWITCH, SHORTEST_SWITCH, FIRINGS_A_DAY = 1_000_000, 5.0, 10
"""USD, seconds and times of `scheduleCancel` (hyperliquid.gitbook.io, Exchange endpoint; the
volume is in no document, but in answers that users posted, and in the sample of ccxt's
`cancelAllOrdersAfter`)."""
UNMATCHED = "Order could not immediately match against any resting orders."


class RefusedAction(Exception):
    """A refusal of a whole action."""


class Actions:
    """Executes signed actions. `agents`: the accounts for which API wallets sign, by the
    addresses of the wallets.
    """

    def __init__(self, exchange: ExchangeSimulator, coin_of: Callable[[int], str | None]) -> None:
        self.exchange = exchange
        self.agents: dict[str, str] = {}
        self.is_mainnet = False
        self._coin_of = coin_of
        self.traded = VOLUME_FOR_SWITCH
        self.countdowns = Countdowns(self._cancel_all)
        self.groups = Groups(exchange)
        self._nonces: set[tuple[str, int]] = set()

    def answer(self, payload: Mapping[str, Any]) -> Document:
        """The venue's answer. Raises KeyError, ValueError or TypeError if it is not an action."""
        action = payload["action"]
        try:
            account = self._acting(payload)
            statuses = self._done(account, action)
        except RefusedAction as refusal:
            return {"status": "err", "response": str(refusal)}
        kind = {"cancelByCloid": "cancel", "batchModify": "order"}.get(
            action["type"], action["type"]
        )
        return {"status": "ok", "response": {"type": kind, "data": {"statuses": statuses}}}

    def _acting(self, payload: Mapping[str, Any]) -> str:
        """The account whose key has signed. Raises RefusedAction for an unknown key, a nonce
        used twice, or an expired action.
        """
        signing = needed("hyperliquid.utils.signing", EXTRA)
        expires_after, nonce = payload.get("expiresAfter"), payload["nonce"]
        signed = (
            payload["action"],
            payload["signature"],
            payload.get("vaultAddress"),
            nonce,
            expires_after,
            self.is_mainnet,
        )
        signer = str(signing.recover_agent_or_user_from_l1_action(*signed)).lower()
        account = payload.get("vaultAddress") or self.agents.get(signer, signer)
        if account not in self.exchange.accounts:
            raise RefusedAction(f"User or API Wallet {signer} does not exist.")
        if (signer, nonce) in self._nonces:
            raise RefusedAction(f"Invalid nonce: duplicate nonce {nonce}")
        if (
            expires_after is not None
            and expires_after < self.exchange.clock.now().timestamp() * 1000
        ):
            raise RefusedAction("Action expired")
        self._nonces.add((signer, nonce))
        return str(account)

    def _done(self, account: str, action: Mapping[str, Any]) -> list[Any]:
        match action["type"]:
            case "order" if is_group(action):
                return self._group(account, action["orders"])
            case "order":
                return [self._placed(account, wire) for wire in action["orders"]]
            case "scheduleCancel":
                self._schedule(account, action)
                return []
            case "cancel":
                return [
                    self._canceled(account, row["a"], order_id=row["o"])
                    for row in action["cancels"]
                ]
            case "cancelByCloid":
                return [
                    self._canceled(account, row["asset"], client_id=row["cloid"])
                    for row in action["cancels"]
                ]
            case "batchModify":
                return [
                    self._modified(account, row["oid"], row["order"]) for row in action["modifies"]
                ]
        raise ValueError(f"no action {action['type']!r}")

    def _placed(self, account: str, wire: Mapping[str, Any]) -> Any:
        return _status(self.exchange.submit(account, **self._terms(wire)), wire["a"])

    def _group(self, account: str, wires: Sequence[Mapping[str, Any]]) -> list[Any]:
        """The status of each order; one for all, if the entry is refused."""
        entry, words = self.groups.place(account, [self._terms(wire) for wire in wires])
        return [_status(entry, wires[0]["a"]), *words]

    def _terms(self, wire: Mapping[str, Any]) -> OrderTerms:
        coin, cloid = self._coin_of(wire["a"]), wire.get("c")
        if coin is None or (cloid is not None and not is_cloid(cloid)):
            raise ValueError("unknown asset or cloid")
        terms: OrderTerms = {
            "instrument": coin,
            "side": Side.BUY if wire["b"] else Side.SELL,
            "quantity": str(wire["s"]),
            "client_id": cloid,
            "reduce_only": bool(wire["r"]),
        }
        trigger, limit = wire["t"].get("trigger"), wire["t"].get("limit")
        if trigger is not None:
            order_type = TRIGGERS[trigger["tpsl"], bool(trigger["isMarket"])]
            limit_price = None if trigger["isMarket"] else str(wire["p"])
            terms |= {
                "order_type": order_type,
                "stop_price": str(trigger["triggerPx"]),
                "limit_price": limit_price,
            }
        else:
            time_in_force, is_maker = TIMES_IN_FORCE[limit["tif"]], limit["tif"] == "Alo"
            terms |= {
                "limit_price": str(wire["p"]),
                "time_in_force": time_in_force,
                "post_only": is_maker,
            }
        return terms

    def _schedule(self, account: str, action: Mapping[str, Any]) -> None:
        """The dead man's switch of an address. Raises RefusedAction as the venue does."""
        if "time" not in action:
            self.countdowns.start(account, 0)
            return
        seconds = int(action["time"]) / 1000 - self.exchange.clock.now().timestamp()
        if self.traded < VOLUME_FOR_SWITCH:
            raise RefusedAction(
                "Cannot set scheduled cancel time until enough volume traded. Required: $1000000. "
                f"Traded: ${self.traded}."
            )
        if seconds < SHORTEST_SWITCH - 0.1:
            raise RefusedAction("Scheduled cancel time must be at least 5 seconds in the future.")
        if self.countdowns.fired[account] >= FIRINGS_A_DAY:
            raise RefusedAction("Too many scheduled cancel triggers today.")
        self.countdowns.start(account, seconds)

    def _cancel_all(self, account: str) -> None:
        for order in list(self.exchange.open_orders(account)):
            self.exchange.request_cancel(account, order_id=order.order_id)

    def _canceled(self, account: str, asset: int, **named: Any) -> Any:
        done = self.exchange.request_cancel(account, **named)
        return _refused(done, asset) if isinstance(done, Refusal) else "success"

    def _modified(self, account: str, name: int | str, wire: Mapping[str, Any]) -> Any:
        """New terms: `s` is the working quantity, without what was filled under earlier ids."""
        order_id, cloid = (name, None) if isinstance(name, int) else (None, name)
        order = self.exchange.named(account, order_id=order_id, client_id=cloid)
        if order is None:
            return _refused(Refusal(reason=Reason.TOO_LATE_TO_REPLACE), wire["a"])
        quantity = total([self.exchange.filled_before(order), order.filled, Decimal(wire["s"])])
        done = self.exchange.request_replace(
            account,
            order_id=order.order_id,
            quantity=quantity,
            limit_price=str(wire["p"]),
            with_new_id=True,
        )
        return _status(done, wire["a"])


def _status(done: SimulatedOrder | Refusal, asset: int) -> Any:
    if isinstance(done, Refusal):
        return _refused(done, asset)
    named = {
        "oid": done.order_id,
        **({"cloid": done.client_id} if done.client_id is not None else {}),
    }
    if done.filled and (done.status is OrderStatus.FILLED or done.status.is_ended):
        return {
            "filled": {
                "totalSz": plain(done.filled),
                "avgPx": plain(done.average_price or done.filled),
                **named,
            }
        }
    return {"error": f"{UNMATCHED} asset={asset}"} if done.status.is_ended else {"resting": named}


def _refused(refusal: Refusal, asset: int) -> Document:
    return {"error": f"{TEXTS.get(refusal.reason, refusal.reason)} asset={asset}"}
