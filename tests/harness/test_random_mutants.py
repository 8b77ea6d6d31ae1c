"""The random mutants: which points there are, which are drawn, and which tests try them."""

from pathlib import Path

import pytest

from tests.mutants.coverage_map import CoverageMap
from tests.mutants.points import points_of
from tests.mutants.random import EQUIVALENTS, PACKAGES, chosen_tests, draw, equivalents, points_in


def changes(source: str) -> list[tuple[str, str]]:
    return [(point.before, point.after) for point in points_of("a.py", source.encode())]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a < b", [("a < b", "(a <= b)")]),
        ("a is None", [("a is None", "(a is not None)")]),
        ("a == b == c", [("a == b == c", "(a != b == c)"), ("a == b == c", "(a == b != c)")]),
        ("a or b", [("a or b", "(a and b)")]),
        ("not a", [("not a", "(a)")]),
        ("a + b", [("a + b", "(a - b)")]),
        ("x = 3", [("3", "4")]),
        ("x = True", [("True", "False")]),
        ("x = 'open'", [("'open'", "''")]),
        ("x[a:b]", [("a:b", ":b"), ("a:b", "a:")]),
        ("f(a)", [("f(a)", "pass")]),
        ("await f(a)", [("await f(a)", "pass")]),
        ("a.b = c", [("a.b = c", "pass")]),
        ("a.b += c", [("a.b += c", "a.b -= c"), ("a.b += c", "pass")]),
        ("raise E", [("raise E", "pass")]),
        ("del a[b]", [("del a[b]", "pass")]),
        ("if a: b", [("a", "(not (a))")]),
        ("x = b if a else c", [("a", "(not (a))")]),
        ("x = [b for b in c if a]", [("a", "(not (a))")]),
        ("while a: break", [("a", "(not (a))"), ("break", "continue")]),
        ("def f(a=1): return a", [("1", "2"), ("return a", "return None")]),
    ],
)
def test_each_kind_of_change(source: str, expected: list[tuple[str, str]]) -> None:
    assert changes(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring."""',
        "x: Literal['a'] = b",
        "X: TypeAlias = list['a']",
        "X = Literal['a']",
        "X = TypeVar('X')",
        "if TYPE_CHECKING:\n    import a",
        "x = f'{a + b}'",
        "x = 'a text for readers'",
        "__all__ = ['a']",
        "@dataclass(frozen=True)\nclass A(B, gc=False):\n    c: int",
        "def f(a: 'A') -> 'B': return",
        "x = None",
        "log = EventLogger('a')",
        "log.warning('a', error=1)",
        "x = click.option(a, metavar='NAME', help='text')",
    ],
)
def test_text_and_types_are_not_mutated(source: str) -> None:
    assert changes(source) == []


def test_sql_is_mutated() -> None:
    assert changes("x = 'SELECT name FROM rows'") == [("'SELECT name FROM rows'", "''")]


def test_every_point_of_the_packages_can_be_compiled() -> None:
    for package in PACKAGES:
        for point in draw(package, 1, 40):
            compile(point.mutated(Path(point.path).read_bytes()), point.path, "exec")


def test_a_change_replaces_its_place_and_nothing_else() -> None:
    source = 'x = "é" + a\ny = "é", a < b\n'.encode()
    (point,) = (one for one in points_of("a.py", source) if one.before == "a < b")
    assert point.mutated(source).decode() == 'x = "é" + a\ny = "é", (a <= b)\n'
    assert (point.line, point.text) == (2, 'y = "é", a < b')


def test_a_seed_draws_the_same_points_and_more_points_begin_with_fewer() -> None:
    assert draw("gateway", 1, 30)[:10] == draw("gateway", 1, 10)
    assert draw("gateway", 1, 10) != draw("gateway", 2, 10)
    assert len({*draw("gateway", 1, 100)}) == 100
    assert {point.path for point in draw("gateway", 1, 200)} <= {
        point.path for point in points_in("gateway")
    }


class Lines:
    """The data of coverage.py, as a test gives it."""

    def __init__(self, contexts: dict[int, list[str]]) -> None:
        self.contexts = contexts

    def contexts_by_lineno(self, path: str) -> dict[int, list[str]]:
        return self.contexts


def known(seconds: dict[str, float], contexts: dict[int, list[str]]) -> CoverageMap:
    return CoverageMap(seconds, Lines(contexts))  # type: ignore[arg-type]


def test_the_tests_of_a_point_run_its_line_and_those_of_its_folder_come_first() -> None:
    (point,) = points_of("a.py", b"x = 1\ny = (a\n < b)\n")[-1:]
    seconds = {"a::slow": 5.0, "a::one[x]": 0.1, "a::one[y]": 0.11, "a::two": 0.2, "b::one": 0.3}
    seconds["b::other"] = 0.01
    lines = {
        1: ["b::other|run"],
        2: ["a::slow|run", "a::one[x]|run", "a::one[y]|run"],
        3: ["a::two|run", "b::one|"],
    }
    ((tests, _),) = chosen_tests(known(seconds, lines), point, "b")
    assert tests == ["b::one", "a::one[x]", "a::two", "a::one[y]", "a::slow"]


def test_a_line_that_runs_at_import_is_tried_by_the_tests_of_its_module() -> None:
    (point,) = points_of("a.py", b"x = 1\n")
    seconds = {"a::one": 0.1, "b::one": 0.3}
    ((tests, _),) = chosen_tests(known(seconds, {1: [""], 7: ["a::one|run"]}), point, "b")
    assert tests == ["a::one"]
    ((tests, _),) = chosen_tests(known(seconds, {}), point, "b")
    assert tests == ["b::one"]


def test_a_default_argument_is_tried_by_the_tests_of_its_function() -> None:
    (point,) = points_of("a.py", b"def f(\n  a=1\n):\n    pass\n")
    assert list(point.lines) == [4]


def test_every_equivalent_has_a_reason() -> None:
    assert EQUIVALENTS.is_file()
    assert all(Path(key[0]).is_file() and len(reason) > 20 for key, reason in equivalents().items())
