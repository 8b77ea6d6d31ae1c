"""Signed transactions, by the official SDK: the extra `orderledger[lighter]`. It has a native
library, and contacts no server.
"""

from typing import Any, NamedTuple, Protocol, Self

from orderledger import InvalidSetting
from orderledger.extend.runtime import needed, secrecy
from orderledger.venues.errors import NotSent
from orderledger.venues.lighter.transactions import Create

EXTRA = "lighter"


class Signed(NamedTuple):
    """A transaction: its type, and the JSON that is sent."""

    kind: int
    info: str


class Signer(Protocol):
    """Signs for one API key of one account. Raises NotSent if the SDK refuses to sign."""

    def create(self, market: int, client_order_index: int, terms: Create, nonce: int) -> Signed: ...

    def cancel(self, market: int, index: int, nonce: int) -> Signed: ...

    def modify(
        self, market: int, index: int, base_amount: int, price: int, trigger_price: int, nonce: int
    ) -> Signed: ...

    async def aclose(self) -> None: ...


class SdkSigner:
    """Signs with `lighter-sdk`. Raises InvalidSetting without the SDK, or for an invalid key.

    Make it in an event loop: the SDK opens a client for HTTP, which is never used.
    """

    def __init__(
        self, *, url: str, account_index: int, api_key_index: int, private_key: str
    ) -> None:
        secrecy.learn(private_key, private_key.removeprefix("0x"))
        client = needed("lighter.signer_client", EXTRA).SignerClient
        self._key, self._is_ours = {"api_key_index": api_key_index}, True
        try:
            self._client = client(url, account_index, {api_key_index: private_key})
        except Exception as error:  # its text may hold the key
            raise InvalidSetting(
                "private_key", f"does not hold a private key ({type(error).__name__})"
            ) from None

    @classmethod
    def of(cls, client: Any, api_key_index: int) -> Self:
        """Sign with the caller's own client, which the caller closes."""
        made = cls.__new__(cls)
        made._key, made._is_ours, made._client = {"api_key_index": api_key_index}, False, client
        secrecy.learn(client.api_key_dict[api_key_index])
        return made

    def create(self, market: int, client_order_index: int, terms: Create, nonce: int) -> Signed:
        return _checked(
            self._client.sign_create_order(
                market,
                client_order_index,
                terms.base_amount,
                terms.price,
                int(terms.is_ask),
                terms.order_type,
                terms.time_in_force,
                int(terms.is_reduce_only),
                terms.trigger_price,
                terms.expiry,
                nonce=nonce,
                **self._key,
            )
        )

    def cancel(self, market: int, index: int, nonce: int) -> Signed:
        return _checked(self._client.sign_cancel_order(market, index, nonce=nonce, **self._key))

    def modify(
        self, market: int, index: int, base_amount: int, price: int, trigger_price: int, nonce: int
    ) -> Signed:
        signed = self._client.sign_modify_order(
            market, index, base_amount, price, trigger_price, nonce=nonce, **self._key
        )
        return _checked(signed)

    async def aclose(self) -> None:
        if self._is_ours:
            await self._client.close()


def _checked(signed: Any) -> Signed:
    """The SDK's return value: type, JSON, hash, or an error instead."""
    kind, info, _, error = signed
    if error is not None or info is None:
        raise NotSent("not_signed", str(error))
    return Signed(int(kind), str(info))
