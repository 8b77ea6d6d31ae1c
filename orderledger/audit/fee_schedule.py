"""A fee schedule: rates of the traded value, from a TOML file."""

import tomllib
from decimal import Decimal
from os import PathLike
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orderledger import InvalidSetting
from orderledger.extend.messages import Identifier, Number

__all__ = ["FeeRates", "FeeSchedule", "flat_schedule", "read_fee_schedule"]


class FeeRates(BaseModel):
    """One `[[fees]]` table. A fill has the rates of the first table that is about its account and
    instrument.

    Rates are parts of the traded value: `maker = "0.0002"`; a negative rate is a rebate. A fill
    whose liquidity the venue did not report pays the taker's rate. The fee is in the settlement
    currency of the instrument.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    account: Identifier | None = None
    instrument: Identifier | None = None
    maker: Number
    taker: Number

    def is_about(self, account: str, instrument: str | None) -> bool:
        return self.account in (None, account) and self.instrument in (None, instrument)

    def rate(self, liquidity: str | None) -> Decimal:
        return self.maker if liquidity == "maker" else self.taker


class FeeSchedule(BaseModel):
    """The whole file. A fill that no table is about keeps the fee that the venue reported."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    fees: Annotated[tuple[FeeRates, ...], Field(min_length=1)]

    def rates(self, account: str, instrument: str | None) -> FeeRates | None:
        return next((rates for rates in self.fees if rates.is_about(account, instrument)), None)


def flat_schedule(rate: Decimal | str) -> FeeSchedule:
    """One rate for all fills. Raises InvalidSetting."""
    return _checked({"fees": [{"maker": rate, "taker": rate}]}, "fee_rate")


def read_fee_schedule(path: str | PathLike[str]) -> FeeSchedule:
    """Read a fee schedule. Raises InvalidSetting with the file, the key and the fault."""
    try:
        document = tomllib.loads(Path(path).read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        raise InvalidSetting(str(path), f"cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidSetting(str(path), f"is not TOML: {error}") from error
    return _checked(document, str(path))


def _checked(document: dict[str, Any], name: str) -> FeeSchedule:
    try:
        return FeeSchedule.model_validate(document)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in fault["loc"])
        raise InvalidSetting(
            name, f"{key}: {fault['msg'].removeprefix('Value error, ')}"
        ) from error
