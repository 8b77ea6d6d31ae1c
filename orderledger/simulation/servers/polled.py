"""`PolledServer`: a simulated polled spot venue. Its paths, fields and words are data of the
subclass, which also writes the answers.

They are written a second time here, beside the venue's `SpotTable`: a wrong path or field in one of
the two fails the tests.
"""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, ClassVar

from aiohttp import web

from orderledger import OrderType
from orderledger.extend.values import EXACT
from orderledger.simulation.market import (
    Refusal,
    SimulatedFill,
    SimulatedInstrument,
    SimulatedOrder,
)
from orderledger.simulation.servers.keyed import Answered, KeyedServer
from orderledger.venues.polled.reader import plain_type
from orderledger.venues.polled.table import SpotTable

RIAL_MARKET = SimulatedInstrument(
    name="BTC/IRR", price=Decimal(52_000_000_000), tick=Decimal(10), lot=Decimal("0.000001")
)
TOMAN_MARKET = SimulatedInstrument(
    name="BTC/IRT", price=Decimal(5_200_000_000), tick=Decimal(1), lot=Decimal("0.000001")
)
USDT_MARKET = SimulatedInstrument(
    name="ETH/USDT", price=Decimal(2500), tick=Decimal("0.01"), lot=Decimal("0.0001")
)


class PolledServer(KeyedServer):
    """A subclass has these words of the venue:

    - `table`: its symbols, sides and types of orders.
    - `actions`: the method that answers each request, by `GET /path`. All but `instrument_list`
      and `order_book` need the key, which the header `key_header` has.
    - `page_field`, `size_field`: the fields that choose a page.
    - `terms`: the fields of a new order, by our terms.
    - `id_fields`, `client_id_field`: the fields that name an order.
    - `reasons`: the venue's word for the reason why an order is refused; `other_reason` for any
      other.
    - `wrong_key`, `too_many`, `not_known`, `too_late`: the word and the status of other refusals;
      the last two are those of an order that is unknown, and of a cancel of one that has ended.
    """

    table: ClassVar[SpotTable]
    actions: ClassVar[Mapping[str, str]]
    key_header: ClassVar[tuple[str, str]]
    page_field = "page"
    size_field: ClassVar[str]
    terms: ClassVar[Mapping[str, str]]
    id_fields: ClassVar[tuple[str, ...]]
    client_id_field = ""
    reasons: ClassVar[Mapping[str, str]]
    other_reason: ClassVar[str]
    wrong_key: ClassVar[tuple[str, int]]
    too_many: ClassVar[tuple[str, int]]
    not_known: ClassVar[tuple[str, int]]
    too_late: ClassVar[tuple[str, int]]

    # Methods that a subclass writes.

    @staticmethod
    def venue_id(order: SimulatedOrder | SimulatedFill) -> str:
        """The venue's id of an order."""
        return str(order.order_id)

    @abstractmethod
    def shown(self, order: SimulatedOrder) -> web.Response:
        """The answer about one order."""

    @abstractmethod
    def refused(self, word: str, status: int) -> web.Response:
        """A refusal."""

    @abstractmethod
    def not_placed(self, reason: str, asked: Mapping[str, Any]) -> web.Response:
        """The refusal of a new order."""

    def placed(self, order: SimulatedOrder) -> web.Response:
        """The answer to a new order."""
        return self.shown(order)

    def canceled(self, order: SimulatedOrder) -> web.Response:
        """The answer to a cancel, which is done or begins."""
        return self.shown(self.end(order))

    # Built on these.

    def routes(self) -> Iterable[web.RouteDef]:
        for request, action in self.actions.items():
            method, path = request.split()
            handler: Answered = getattr(self, action)
            match action:
                case "instrument_list":
                    yield web.route(method, path, handler)
                case "order_book":
                    yield web.route(method, path, self.limited(handler))
                case _:
                    yield web.route(method, path, self.keyed(handler))

    def is_known(self, request: web.Request) -> bool:
        name, value = self.key_header
        return request.headers.get(name) == value.format(key=self.key)

    def refuse_key(self) -> web.Response:
        return self.refused(*self.wrong_key)

    def refuse_more(self, seconds: int) -> web.Response:
        return self.refused(*self.too_many)

    async def place(self, request: web.Request) -> web.Response:
        asked = await request.json()
        given = {term: asked.get(field) for term, field in self.terms.items()}
        if "symbol" in given:
            codes = self.table.markets.codes(str(given.pop("symbol"))) or ("", "")
        else:
            codes = str(given.pop("base")).upper(), str(given.pop("quote")).upper()
        sides = {word.lower(): side for side, word in self.table.sides.items()}
        types = {plain_type(word): one for one, word in self.table.order_types.items()}
        given["side"] = sides.get(str(given["side"]).lower(), "")
        given["order_type"] = types.get(plain_type(str(given["order_type"])), OrderType.OTHER)
        given["quantity"] = given["quantity"] or ""
        order = self.entered(*codes, self.table.markets, **given)
        if isinstance(order, Refusal):
            return self.not_placed(self.reasons.get(order.reason, self.other_reason), asked)
        return self.placed(order)

    async def one_order(self, request: web.Request) -> web.Response:
        order = self.called(await _fields(request))
        return self.refused(*self.not_known) if order is None else self.shown(order)

    async def cancel(self, request: web.Request) -> web.Response:
        order = self.called(await _fields(request))
        if order is None:
            return self.refused(*self.not_known)
        if order.status.is_ended:
            return self.refused(*self.too_late)
        return self.canceled(order)

    def end(self, order: SimulatedOrder) -> SimulatedOrder:
        """Cancel an order that works."""
        self.exchange.request_cancel(self.account, order_id=order.order_id)
        return self.exchange.order(order.order_id)

    def called(self, asked: Mapping[str, Any]) -> SimulatedOrder | None:
        """The order with an id, else the newest with a client id."""
        name = next((str(asked[field]) for field in self.id_fields if asked.get(field)), None)
        if name is not None:
            named = (order for order in self.own_orders() if self.venue_id(order) == name)
            return next(named, None)
        client_id = asked.get(self.client_id_field)
        orders = self.own_orders(is_open=self.client_ids == "unique_while_open")
        return next((one for one in orders if client_id and one.client_id == client_id), None)

    def page_of(self, request: web.Request, rows: list[Any]) -> tuple[list[Any], bool]:
        """The rows of the page that a request chooses, and whether there is another."""
        query = request.query
        return self.page(rows, query.get(self.page_field), query.get(self.size_field))

    def listed_as(self, symbol: object) -> str | None:
        """The instrument with this symbol in requests for order books. None for another."""
        write = self.table.book.symbol_of if self.table.book is not None else str
        names = (one.name for one in self.instruments)
        symbols = {write(self.table.markets.symbol(name) or ""): name for name in names}
        return symbols.get(str(symbol))

    def codes_of(self, instrument: str) -> tuple[str, str]:
        """The venue's codes of an instrument."""
        markets = self.table.markets
        return markets.codes(markets.symbol(instrument) or "") or ("", "")

    def held_by_code(self) -> dict[str, Decimal]:
        """The account's balances, by the venue's codes of currencies."""
        codes = {currency: code for code, currency in self.table.markets.currencies.items()}
        return {codes.get(name, name): quantity for name, quantity in self.held().items()}


async def _fields(request: web.Request) -> dict[str, Any]:
    """The fields of a request, wherever they are."""
    body = await request.json() if request.method == "POST" else {}
    return {**request.match_info, **request.query, **body}


def rounded(price: Decimal | None, step: Decimal) -> Decimal:
    """An average price as the venue rounds it. 0 where there is none."""
    return (price or EXACT.create_decimal(0)).quantize(
        step, rounding=ROUND_HALF_EVEN, context=EXACT
    )
