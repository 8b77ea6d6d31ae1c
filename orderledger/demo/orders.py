"""The orders and proposals of the demo's two strategies: momentum trades BTC-USD in and out, maker
quotes ETH-USD."""

from decimal import Decimal

from orderledger import (
    Approve,
    Decline,
    LinksTo,
    Message,
    OrderType,
    Propose,
    Request,
    Role,
    Side,
    Source,
    TimeInForce,
)
from orderledger.demo.world import ACCOUNT


def quote(name: str, side: Side, *, quantity: Decimal, limit_price: Decimal, group: str) -> Request:
    """An order of maker. It is post-only: the venue refuses it if it would match at once."""
    return Request(
        account=ACCOUNT,
        client_order_id=name,
        instrument="ETH-USD",
        side=side,
        quantity=quantity,
        order_type=OrderType.LIMIT,
        limit_price=limit_price,
        time_in_force=TimeInForce.GTC,
        post_only=True,
        strategy="maker",
        links=LinksTo(group=group),
    )


def propose(
    proposal_id: str, role: Role, *, trade_id: str, quantity: Decimal, limit_price: Decimal
) -> Propose:
    """A proposal of momentum to enter (buy) or exit (sell)."""
    return Propose(
        account=ACCOUNT,
        proposal_id=proposal_id,
        kind=role,
        strategy="momentum",
        instrument="BTC-USD",
        side=Side.BUY if role is Role.ENTRY else Side.SELL,
        quantity=quantity,
        order_type=OrderType.LIMIT,
        limit_price=limit_price,
        time_in_force=TimeInForce.GTC,
        links=LinksTo(trade_id=trade_id),
    )


def decided(proposal: Propose, *, reason: str | None = None) -> Message:
    """The operator's decision on a proposal: approved, or declined with a reason."""
    kind = Approve if reason is None else Decline
    return kind(
        account=ACCOUNT,
        proposal_id=proposal.proposal_id,
        reason=reason,
        actor="operator:anna",
        source=Source.OPERATOR,
    )


def order_for(
    proposal: Propose, name: str, *, quantity: Decimal | None = None, group: str | None = None
) -> Request:
    """The order that executes a proposal, or a part of it."""
    trade_id = proposal.links.trade_id if proposal.links else None
    return Request(
        account=ACCOUNT,
        client_order_id=name,
        instrument=proposal.instrument,
        side=proposal.side,
        quantity=quantity or proposal.quantity,
        order_type=proposal.order_type,
        limit_price=proposal.limit_price,
        time_in_force=proposal.time_in_force,
        strategy=proposal.strategy,
        links=LinksTo(
            proposal_id=proposal.proposal_id, trade_id=trade_id, role=proposal.kind, group=group
        ),
    )
