"""The mutation points of a module: each place where a small change makes other code of it.

Not mutated, because no behavior depends on them: annotations, type aliases and `if TYPE_CHECKING`,
docstrings, f-strings and strings with a space (texts for readers; SQL is mutated), logging, help of
commands, `__all__` and the like, import tables (`HOMES`), and the arguments of class declarations
and decorators (`frozen`, `slots`).
"""

import ast
import re
from dataclasses import dataclass
from typing import TypeAlias

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|WHERE|FROM|ORDER BY|BEGIN|COMMIT)\b")
TYPE_MAKERS = frozenset({"TypeVar", "NewType", "ParamSpec", "cast", "NamedTuple", "TypedDict"})
LOGGING = re.compile(r"(log|logger|logging)\.\w+|EventLogger")
HELP = frozenset({"help", "short_help", "epilog", "metavar"})
Node: TypeAlias = ast.stmt | ast.expr | ast.Slice
NOT_BEHAVIOUR = frozenset({"HOMES", "__all__", "__slots__"})


@dataclass(frozen=True, slots=True)
class Point:
    """A change of one module. `start`, `end`: the bytes that `after` replaces. `lines`: of the
    statement; for a default argument, of the body of its function. `text`: the first line."""

    path: str
    start: int
    end: int
    line: int
    before: str
    after: str
    lines: range
    text: str

    def mutated(self, source: bytes) -> bytes:
        return source[: self.start] + self.after.encode() + source[self.end :]

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What stays if other lines change."""
        return self.path, self.text, self.before, self.after

    def __str__(self) -> str:
        return f"{self.path}:{self.line}  {_short(self.before)}  ->  {_short(self.after)}"


def points_of(path: str, source: bytes) -> list[Point]:
    """In the order of the file."""
    finder = _Finder(path, source)
    finder.visit(ast.parse(source))
    return sorted(finder.found, key=lambda point: (point.start, point.end, point.after))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 90 else f"{line[:87]}..."


class _Finder(ast.NodeVisitor):
    def __init__(self, path: str, source: bytes) -> None:
        self.found: list[Point] = []
        self._path = path
        self._source = source
        self._text = source.decode().split("\n")
        self._offsets = [0]
        for line in source.splitlines(keepends=True):
            self._offsets.append(self._offsets[-1] + len(line))
        self._tested_by: range | None = None
        self._statement: ast.stmt | None = None

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.stmt):
            self._statement = None if hasattr(node, "body") else node
        super().visit(node)

    # Code that is not mutated

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        pass

    def visit_If(self, node: ast.If) -> None:
        if ast.unparse(node.test) == "TYPE_CHECKING":
            self._visit_all(node.orelse)
        else:
            self._negate(node.test)
            self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._visit_all(node.body)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        outer, self._tested_by = self._tested_by, _lines(node.body[0], node.body[-1])
        self._visit_all([*node.args.defaults, *filter(None, node.args.kw_defaults)])
        self._tested_by = outer
        self._visit_all(node.body)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None and "TypeAlias" not in ast.unparse(node.annotation):
            self._assigned(node, [node.target], node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        self._assigned(node, node.targets, node.value)

    def _assigned(self, node: ast.stmt, targets: list[ast.expr], value: ast.expr) -> None:
        names = {target.id for target in targets if isinstance(target, ast.Name)}
        if names & NOT_BEHAVIOUR or _is_type(value):
            return
        if all(isinstance(target, (ast.Attribute, ast.Subscript)) for target in targets):
            self._drop(node)
        self.visit(value)

    # Statements

    def visit_Expr(self, node: ast.Expr) -> None:
        value = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(value, ast.Constant) or _is_logging(value):
            return
        if isinstance(value, ast.Call):
            self._drop(node)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, (ast.Attribute, ast.Subscript)):
            self._drop(node)
        if type(node.op) in ARITHMETIC:
            changed = ast.AugAssign(node.target, ARITHMETIC[type(node.op)](), node.value)
            self._replace(node, ast.unparse(changed))
        self.visit(node.value)

    def visit_Delete(self, node: ast.Delete) -> None:
        self._drop(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        self._drop(node)

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None and ast.unparse(node.value) != "None":
            self._replace(node, "return None")
        self.generic_visit(node)

    def visit_Break(self, node: ast.Break) -> None:
        self._replace(node, "continue")

    def visit_Continue(self, node: ast.Continue) -> None:
        self._replace(node, "break")

    def visit_While(self, node: ast.While) -> None:
        self._negate(node.test)
        self.generic_visit(node)

    def visit_Assert(self, node: ast.Assert) -> None:
        pass

    # Expressions

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._negate(node.test)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for test in node.ifs:
            self._negate(test)
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        for number, operator in enumerate(node.ops):
            operators = list(node.ops)
            operators[number] = COMPARISONS[type(operator)]()
            changed = ast.Compare(node.left, operators, node.comparators)
            self._replace(node, f"({ast.unparse(changed)})")
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        self._replace(node, f"({ast.unparse(ast.BoolOp(other, node.values))})")
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, (ast.Not, ast.USub)):
            self._replace(node, f"({ast.unparse(node.operand)})")
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if type(node.op) in ARITHMETIC:
            changed = ast.BinOp(node.left, ARITHMETIC[type(node.op)](), node.right)
            self._replace(node, f"({ast.unparse(changed)})")
        self.generic_visit(node)

    def visit_Slice(self, node: ast.Slice) -> None:
        for name in ("lower", "upper"):
            if getattr(node, name) is not None:
                changed = ast.Slice(node.lower, node.upper, node.step)
                setattr(changed, name, None)
                self._replace(node, ast.unparse(changed))
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if not _is_type(node) and not _is_logging(node):
            self.generic_visit(node)

    def visit_keyword(self, node: ast.keyword) -> None:
        if node.arg not in HELP:
            self.visit(node.value)

    def visit_Constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, bool):
            self._replace(node, str(not value))
        elif isinstance(value, (int, float)):
            self._replace(node, repr(value + 1))
        elif isinstance(value, (str, bytes)) and value and not _is_text(value):
            self._replace(node, repr(type(value)()))

    # Making points

    def _visit_all(self, nodes: list[ast.stmt] | list[ast.expr]) -> None:
        for node in nodes:
            self.visit(node)

    def _negate(self, test: ast.expr) -> None:
        if not isinstance(test, (ast.Compare, ast.UnaryOp)):
            self._replace(test, f"(not ({ast.unparse(test)}))")

    def _drop(self, node: ast.stmt) -> None:
        self._replace(node, "pass")

    def _replace(self, node: Node, after: str) -> None:
        start, end = self._span(node)
        before = self._source[start:end].decode()
        statement = self._statement or node
        lines = self._tested_by or _lines(statement, statement)
        text = self._text[node.lineno - 1].strip()
        self.found.append(Point(self._path, start, end, node.lineno, before, after, lines, text))

    def _span(self, node: Node) -> tuple[int, int]:
        assert node.end_lineno is not None and node.end_col_offset is not None
        return (
            self._offsets[node.lineno - 1] + node.col_offset,
            self._offsets[node.end_lineno - 1] + node.end_col_offset,
        )


def _lines(first: Node, last: Node) -> range:
    return range(first.lineno, (last.end_lineno or last.lineno) + 1)


def _is_logging(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and bool(LOGGING.fullmatch(ast.unparse(node.func)))


def _is_text(value: str | bytes) -> bool:
    return isinstance(value, str) and " " in value.strip() and not SQL.search(value)


def _is_type(node: ast.expr) -> bool:
    """Whether this makes or names a type."""
    if isinstance(node, ast.Call):
        return ast.unparse(node.func).rpartition(".")[2] in TYPE_MAKERS
    return isinstance(node, ast.Subscript) and ast.unparse(node.value) in (
        *("Literal", "Annotated", "Union", "Optional", "Callable"),
    )
