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
    secrecy.learn(private_key)
    accounts, signing = needed("eth_account", EXTRA), needed("hyperliquid.utils.signing", EXTRA)
    try:
        wallet = accounts.Account.from_key(private_key)
    except Exception as error:  # its text may hold the key
        raise InvalidSetting(
            "private_key", f"does not hold a private key ({type(error).__name__})"
        ) from None

    def sign(action: Mapping[str, Any], nonce: int, expires_after: int) -> Any:
        return signing.sign_l1_action(wallet, action, vault, nonce, expires_after, is_mainnet)

    return sign
