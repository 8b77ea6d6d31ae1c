"""What a strategy hands over by mistake is named, before anything is recorded or sent."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from orderledger import Gateway, InvalidMessage, InvalidSetting, Ledger, LedgerError
from tests.gateway.desk import ACCOUNT, buy, in_a_loop, sell, trading, venue_of

Mistake = Callable[[Any], Any]

MISTAKES: list[tuple[str, Mistake, str]] = [
    ("a text", lambda gateway: gateway.submit("x"), "request: must be a Request, not an object"),
    ("nothing", lambda gateway: gateway.submit(None), "request: must be a Request, not None"),
    (
        "a dictionary",
        lambda gateway: gateway.submit({"account": ACCOUNT}),
        "an object of the type dict: write Request(**fields)",
    ),
    ("a list", lambda gateway: gateway.submit([buy("C-1")]), "not an object of the type list"),
    (
        "one request for many",
        lambda gateway: gateway.submit_many(buy("C-1")),
        "requests: must be a sequence of Request, not an object of the type Request",
    ),
    ("a text for many", lambda gateway: gateway.submit_many("xy"), "must be a sequence of Request"),
    (
        "a text among many",
        lambda gateway: gateway.submit_many([buy("C-1"), "x"]),
        "requests[1]: must be a Request",
    ),
    ("soon", lambda gateway: gateway.submit_soon("x"), "request: must be a Request"),
    (
        "a bracket",
        lambda gateway: gateway.submit_bracket("x", stop_loss="60000"),
        "entry: must be a Request",
    ),
    (
        "an exit",
        lambda gateway: gateway.submit_bracket(buy("C-1"), stop_loss="low"),
        "stop_loss: 'low' is not a decimal number",
    ),
    (
        "an exit that is a list",
        lambda gateway: gateway.submit_bracket(buy("C-1"), take_profit=["70000"]),
        "take_profit: ",
    ),
    ("an OCO group", lambda gateway: gateway.submit_oco("x", "y"), "requests[0]: must be a Reque"),
    ("an empty OCO group", lambda gateway: gateway.submit_oco(), "needs two orders or more"),
    (
        "an OCO group of one",
        lambda gateway: gateway.submit_oco(sell("C-1")),
        "needs two orders or more",
    ),
    (
        "a cancel",
        lambda gateway: gateway.cancel(buy("C-1")),
        "client_order_id: must be text, not an object of the type Request",
    ),
    ("a number", lambda gateway: gateway.replace(7, quantity="1"), "client_order_id: must be text"),
    (
        "a quantity",
        lambda gateway: gateway.replace("C-0", quantity="much"),
        "quantity: 'much' is not a decimal number",
    ),
    ("a resend", lambda gateway: gateway.resend(None), "client_order_id: must be text, not None"),
]


@pytest.mark.parametrize(
    ("mistake", "text"),
    [(mistake, text) for _, mistake, text in MISTAKES],
    ids=[name for name, _, _ in MISTAKES],
)
def test_a_mistake_is_named_and_records_nothing(
    ledger: Ledger, mistake: Mistake, text: str
) -> None:
    @in_a_loop
    async def story() -> None:
        async with trading(ledger, venue_of()) as gateway:
            await gateway.submit(buy("C-0"))
            position = ledger.log.position()
            with pytest.raises(LedgerError) as raised:
                await _done(mistake, gateway)
            assert isinstance(raised.value, InvalidMessage | InvalidSetting)
            assert text in str(raised.value)
            assert ledger.log.position() == position

    story()


async def _done(mistake: Mistake, gateway: Gateway) -> None:
    made: Awaitable[object] = mistake(gateway)
    await made
