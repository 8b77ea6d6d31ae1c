"""Each section of a statement declares its columns, by the class of its own rows if it has one."""

from orderledger.projections.view import columns_of
from orderledger.serve.statement.sections import OWN_ROWS, SECTIONS, section


def test_sections_with_rows_of_their_own_have_the_columns_of_these() -> None:
    assert OWN_ROWS.keys() == {name for name, (_, view, *_) in SECTIONS.items() if not view}
    for name, row in OWN_ROWS.items():
        assert SECTIONS[name][3] == tuple(column.name for column in columns_of(row)), name


def test_every_section_has_a_title_and_columns() -> None:
    for name in SECTIONS:
        made = section(name, [])
        assert made.name == name and made.title and made.columns, name
