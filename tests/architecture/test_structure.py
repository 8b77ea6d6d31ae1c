"""The rooms of the package, as docs/explanation/architecture.md shows them."""

from tests import structure

LEAVES = ["analytics", "audit", "demo", "gateway", "serve", "simulation", "testing", "venues"]
CORE = ["cli", "domain", "extend", "infrastructure", "projections"]
BETWEEN_LEAVES = [
    ("demo", "serve"),
    ("demo", "simulation"),
    ("gateway", "venues"),
    ("serve", "audit"),
    ("serve", "gateway"),
    ("serve", "venues"),
    ("simulation", "venues"),
    ("testing", "simulation"),
    ("testing", "venues"),
]


def test_the_package_has_these_rooms() -> None:
    assert structure.rooms() == sorted([*LEAVES, *CORE])


def test_leaves_know_each_other_by_this_list_only() -> None:
    assert [arrow for arrow in structure.arrows() if "core" not in arrow] == BETWEEN_LEAVES


def test_what_the_core_decides_folds_and_stores_knows_no_leaf() -> None:
    assert structure.leaves_known_below() == []


def test_modules_do_not_import_each_other_in_a_circle() -> None:
    assert structure.circles() == []


def test_the_longest_path_of_imports_has_five_rooms() -> None:
    assert structure.floors() == 5


def test_leaves_import_six_modules_of_the_core_and_no_more_names_than_they_use() -> None:
    offered = {
        f"{module}.{name}" for module, names in structure.extension().items() for name in names
    }
    assert len(structure.extension()) == 6
    assert offered == structure.names_used_by_leaves()
    assert len(offered) <= 143  # to reach: 120


def test_leaves_use_most_names_of_a_module_that_they_get_whole() -> None:
    """`questions` derives commands and routes; the core checks arguments by the rest. Views use
    most of `instruments`."""
    rarely_used = {
        name
        for name, (used, all_names) in structure.shares_of_modules().items()
        if used * 2 < all_names
    }
    assert rarely_used == {"instruments", "questions"}
