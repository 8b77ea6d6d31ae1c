"""A request about one order, by the venue's id or by ours."""

import pytest

from orderledger.venues.polled.requests import ByName


@pytest.mark.parametrize(
    ("request_", "is_client_id", "fields"),
    [
        (ByName(path="/order", id_field="id", client_id_field="own"), False, {"id": "7"}),
        (ByName(path="/order", id_field="id", client_id_field="own"), True, {"own": "7"}),
        (ByName(path="/order", id_field="id", fields={"all": 1}), False, {"id": "7", "all": 1}),
        (ByName(path="/order", id_field="id", fields={"all": 1}), True, {"all": 1}),
    ],
)
def test_an_id_is_sent_in_its_field(
    request_: ByName, is_client_id: bool, fields: dict[str, object]
) -> None:
    assert request_.of("7", is_client_id=is_client_id) == ("/order", fields)


def test_an_id_is_the_venues_unless_it_is_said_to_be_ours() -> None:
    by_name = ByName(path="/order", id_field="id", client_id_field="own")
    assert by_name.of("7") == by_name.of("7", is_client_id=False)


def test_an_id_in_a_path_is_quoted_whole() -> None:
    assert ByName(path="/order/{id}/now").of("a/b?c") == ("/order/a%2Fb%3Fc/now", {})
