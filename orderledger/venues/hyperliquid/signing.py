"""Signatures, by the official SDK: the extra `orderledger[hyperliquid]`."""

from collections.abc import Callable, Mapping
from typing import Any

from orderledger import InvalidSetting
from orderledger.extend.runtime import needed, secrecy

EXTRA = "hyperliquid"


def signer_of(
    private_key: str, *, is_mainnet: bool, vault: str | None = None
) -> Callable[[Mapping[str, Any], int, int], Any]:
    """A function that signs an action with the key of an account or of its API wallet. Raises
    InvalidSetting without the SDK, or for an invalid key.
    """
    return signer_of_wallet(_wallet_of(private_key), is_mainnet=is_mainnet, vault=vault)


def signer_of_wallet(
    wallet: Any, *, is_mainnet: bool, vault: str | None = None
) -> Callable[[Mapping[str, Any], int, int], Any]:
    """The same with a wallet of `eth_account`."""
    signing = needed("hyperliquid.utils.signing", EXTRA)
    secrecy.learn(wallet.key.hex(), "0x" + wallet.key.hex().removeprefix("0x"))

    def sign(action: Mapping[str, Any], nonce: int, expires_after: int) -> Any:
        return signing.sign_l1_action(wallet, action, vault, nonce, expires_after, is_mainnet)

    return sign


def address_of(private_key: str) -> str:
    """The address of a key, in lower case. Raises InvalidSetting without the SDK, or for an invalid
    key."""
    return str(_wallet_of(private_key).address).lower()


def _wallet_of(private_key: str) -> Any:
    secrecy.learn(private_key)
    accounts = needed("eth_account", EXTRA)
    try:
        return accounts.Account.from_key(private_key)
    except Exception as error:  # its text may hold the key
        raise InvalidSetting(
            "private_key", f"does not hold a private key ({type(error).__name__})"
        ) from None
