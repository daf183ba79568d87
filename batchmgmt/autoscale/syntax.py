"""From a formula's text to its statements: tokens, and the tree that they make.

Grammar (article batch-automatic-scaling): statements separated by semicolons, ``name = expression`` or an expression;
operators with C's precedence; calls, members, methods; ``//`` comments.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from batchmgmt.autoscale.errors import Position, SyntaxProblem, TooLong

__all__ = [
    "Binary",
    "Call",
    "Choice",
    "Expression",
    "Formula",
    "Member",
    "Method",
    "Name",
    "Number",
    "Statement",
    "Text",
    "Unary",
    "VectorLiteral",
    "parse",
]

MAX_CHARACTERS: Final = 8192
MAX_STATEMENTS: Final = 100


@dataclass(frozen=True, slots=True)
class Number:
    """A double."""

    at: Position
    value: float


@dataclass(frozen=True, slots=True)
class Text:
    """A string between double or single quotes."""

    at: Position
    value: str


@dataclass(frozen=True, slots=True)
class Name:
    """A variable or constant; ``symbol`` is without the dollar sign, which ``dollar`` remembers."""

    at: Position
    symbol: str
    dollar: bool


@dataclass(frozen=True, slots=True)
class VectorLiteral:
    """``[1, 2, 3]``, the spelling that results use."""

    at: Position
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Unary:
    """``-x`` or ``!x``."""

    at: Position
    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands; ``at`` is the operator's place."""

    at: Position
    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Choice:
    """``condition ? yes : no``; only the branch that is chosen is evaluated."""

    at: Position
    condition: Expression
    yes: Expression
    no: Expression


@dataclass(frozen=True, slots=True)
class Call:
    """``name(arguments)``."""

    at: Position
    function: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """``timestamp.hour``."""

    at: Position
    of: Expression
    name: str


@dataclass(frozen=True, slots=True)
class Method:
    """``$Metric.GetSample(arguments)``."""

    at: Position
    of: Expression
    name: str
    arguments: tuple[Expression, ...]


Expression = Number | Text | Name | VectorLiteral | Unary | Binary | Choice | Call | Member | Method


@dataclass(frozen=True, slots=True)
class Statement:
    """An assignment, or an expression whose value nobody keeps (``target`` is None)."""

    at: Position
    target: Name | None
    value: Expression


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that could be read."""

    text: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: Position


_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)
      | (?P<number>\d+(\.\d*)?([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?)
      | (?P<name>\$?[A-Za-z_][A-Za-z0-9_]*)
      | (?P<text>"[^"\n]*"|'[^'\n]*')
      | (?P<sign><=|>=|==|!=|&&|\|\||[-+*/<>!=?:;,.()\[\]])""",
    re.VERBOSE | re.DOTALL,
)

MAX_NESTING: Final = 64
"""Parentheses, choices and signs within one another: ours, so that no text can exhaust the stack."""

_LEVELS: Final = (("||",), ("&&",), ("==", "!="), ("<", "<=", ">", ">="), ("+", "-"), ("*", "/"))
_STRENGTH: Final = {sign: strength for strength, signs in enumerate(_LEVELS, start=1) for sign in signs}
"""How strongly a binary operator binds; all of them group from the left."""


def parse(text: str) -> Formula:
    """Read a formula.

    Raises:
        TooLong: more than 8,192 characters.
        SyntaxProblem: it is no formula, or has more than 100 statements.
    """
    if len(text) > MAX_CHARACTERS:
        raise TooLong(Position(1, 1), f"The formula has {len(text)} characters; at most {MAX_CHARACTERS} are allowed")
    statements = tuple(_Parser(tuple(_tokens(text))).statements())
    if len(statements) > MAX_STATEMENTS:
        extra = statements[MAX_STATEMENTS]
        raise SyntaxProblem(extra.at, f"A formula has at most {MAX_STATEMENTS} statements")
    return Formula(text, statements)


def _tokens(text: str) -> Iterator[_Token]:
    line, line_start, offset = 1, 0, 0
    while offset < len(text):
        at = Position(line, offset - line_start + 1)
        found = _TOKEN.match(text, offset)
        if found is None:
            raise SyntaxProblem(at, f"Unexpected character {text[offset]!r}")
        token = found.group()
        if found.lastgroup != "space":
            yield _Token(str(found.lastgroup), token, at)
        line += token.count("\n")
        line_start = offset + token.rindex("\n") + 1 if "\n" in token else line_start
        offset = found.end()
    yield _Token("end", "the end of the formula", Position(line, offset - line_start + 1))


class _Parser:
    """Recursive descent over the tokens, one method a level of the grammar."""

    def __init__(self, tokens: tuple[_Token, ...]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0

    def statements(self) -> Iterator[Statement]:
        while self._token.kind != "end":
            if self._takes(";"):
                continue
            yield self._statement()
            if self._token.kind != "end":
                self._expect(";")

    def _statement(self) -> Statement:
        first = self._token
        value = self._choice()
        if not self._takes("="):
            return Statement(first.at, None, value)
        if not isinstance(value, Name):
            raise SyntaxProblem(first.at, "Only a variable can stand before '='", "for a comparison write '=='")
        return Statement(first.at, value, self._choice())

    def _choice(self) -> Expression:
        with self._deeper():
            condition = self._binary(1)
            at = self._token.at
            if not self._takes("?"):
                return condition
            yes = self._choice()
            self._expect(":")
            return Choice(at, condition, yes, self._choice())

    def _binary(self, weakest: int) -> Expression:
        left = self._unary()
        while (strength := self._strength_of_next()) >= weakest:
            operator = self._advance()
            left = Binary(operator.at, operator.text, left, self._binary(strength + 1))
        return left

    def _strength_of_next(self) -> int:
        return _STRENGTH.get(self._token.text, 0) if self._token.kind == "sign" else 0

    def _unary(self) -> Expression:
        if self._token.kind == "sign" and self._token.text in ("-", "!"):
            operator = self._advance()
            with self._deeper():
                return Unary(operator.at, operator.text, self._unary())
        return self._dotted()

    def _dotted(self) -> Expression:
        value = self._primary()
        for _ in range(MAX_NESTING):
            if not self._takes("."):
                break
            name = self._advance()
            if name.kind != "name" or name.text.startswith("$"):
                raise SyntaxProblem(name.at, f"Expected a member or method after '.', found {name.text!r}")
            if self._takes("("):
                value = Method(name.at, value, name.text, self._list_until(")"))
            else:
                value = Member(name.at, value, name.text)
        return value

    def _primary(self) -> Expression:
        token = self._advance()
        match token.kind:
            case "number":
                return Number(token.at, float(token.text))
            case "text":
                return Text(token.at, token.text[1:-1])
            case "name" if self._takes("("):
                return Call(token.at, token.text, self._list_until(")"))
            case "name":
                return Name(token.at, token.text.removeprefix("$"), token.text.startswith("$"))
            case "sign" if token.text == "(":
                inner = self._choice()
                self._expect(")")
                return inner
            case "sign" if token.text == "[":
                return VectorLiteral(token.at, self._list_until("]"))
        found = token.text if token.kind == "end" else repr(token.text)
        raise SyntaxProblem(token.at, f"Expected a value, found {found}")

    def _list_until(self, closing: str) -> tuple[Expression, ...]:
        if self._takes(closing):
            return ()
        items = [self._choice()]
        while self._takes(","):
            items.append(self._choice())
        self._expect(closing)
        return tuple(items)

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise SyntaxProblem(self._token.at, f"More than {MAX_NESTING} levels are nested here")
        yield
        self._depth -= 1

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _advance(self) -> _Token:
        token = self._token
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def _takes(self, sign: str) -> bool:
        taken = self._token.kind == "sign" and self._token.text == sign
        self._next += taken
        return taken

    def _expect(self, sign: str) -> None:
        if not self._takes(sign):
            token = self._token
            found = token.text if token.kind == "end" else repr(token.text)
            raise SyntaxProblem(token.at, f"Expected {sign!r}, found {found}")
