"""Calls a function with arrays, in PostgreSQL's binary protocol.

psycopg's cursors inspect the items of every list, which takes longer than the server's insert.
"""

import struct
from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import Connection, generators
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGresult

BYTEA, BIGINT, TEXT = 17, 20, 25
"""Type numbers, the same in every PostgreSQL."""

OF_ONE_DIMENSION, OF_NONE = struct.Struct("!iiiii"), struct.Struct("!iii")
FIRST_INDEX = 1
NULL = (-1).to_bytes(4, "big", signed=True)


def text_array(values: Iterable[str]) -> bytes:
    return _array(TEXT, [value.encode() for value in values])


def bytea_array(values: Iterable[bytes | None]) -> bytes:
    return _array(BYTEA, list(values))


def bigint_array(values: Iterable[int]) -> bytes:
    return _array(BIGINT, [value.to_bytes(8, "big", signed=True) for value in values])


def _array(element_type: int, values: Sequence[bytes | None]) -> bytes:
    """An array in binary form.

    Number of dimensions, whether there are NULLs, type; size and first index of the dimension; then
    the length and bytes of each element.
    """
    if not values:
        return OF_NONE.pack(0, 0, element_type)
    parts = [OF_ONE_DIMENSION.pack(1, int(None in values), element_type, len(values), FIRST_INDEX)]
    for value in values:
        parts += (NULL,) if value is None else (len(value).to_bytes(4, "big"), value)
    return b"".join(parts)


def call(connection: Connection[Any], statement: bytes, parameters: Sequence[bytes]) -> list[int]:
    """Run a statement that returns one array of bigint. Raises psycopg's errors.

    The connection's client encoding must be UTF-8. As with a cursor, an interrupt from the keyboard
    cancels the statement. The statement is not prepared: psycopg deallocates all prepared
    statements at every rollback, and the gain is small.
    """
    formats = [Format.BINARY] * len(parameters)
    connection.pgconn.send_query_params(
        statement, parameters, param_formats=formats, result_format=Format.TEXT
    )
    result: PGresult = connection.wait(generators.execute(connection.pgconn))[-1]
    if result.status != ExecStatus.TUPLES_OK:
        raise error_from_result(result)
    array = result.get_value(0, 0) or b"{}"
    return [int(number) for number in array[1:-1].split(b",") if number]
