"""Renders templates in Jinja2's sandbox, and finds mistakes in them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError, TemplateSyntaxError, Undefined, meta, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.domain.communications.gap import Gap
from bot.domain.communications.variables import VARIABLES
from bot.domain.errors import Refused

LONGEST_SOURCE, LONGEST_TEXT, LONGEST_SUBJECT = 20_000, 20_000, 200
_SUBJECT = re.compile(r"\A\s*Subject:[ \t]*(.*)")
_BLANK_LINES = re.compile(r"\n{3,}")
# C0 controls except the newline, lone surrogates, and marks that reverse the reading order.
_UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f\ud800-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A communication as a template makes it: plain text with `*bold*`, `- ` lists and addresses."""

    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class TemplateProblem:
    """A mistake in a template, with its line."""

    line: int
    message: str


class _UnknownVariable(Undefined):
    """A variable that no version of the bot knows: a gap, like an unknown value."""

    def __str__(self) -> str:
        return str(Gap(str(self._undefined_name)))

    def __iter__(self) -> Iterator[Gap]:
        return iter((Gap(str(self._undefined_name)),))


def _is_known(value: object) -> bool:
    return not isinstance(value, Gap | Undefined) and value not in (None, "", ())


def _to_text(value: object) -> str:
    return _UNSEEN.sub(" ", "" if value is None else str(value))


_SWELLING = ("batch", "center", "format", "indent", "slice")  # filters that make much of little


class _Environment(ImmutableSandboxedEnvironment):
    """A sandbox that refuses to make values much larger than their inputs."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" or not (isinstance(left, int | float) and isinstance(right, int | float)):
            raise SecurityError(f"“{operator}” is for plain numbers only")
        return super().call_binop(context, operator, left, right)


def _environment() -> ImmutableSandboxedEnvironment:
    environment = _Environment(
        undefined=_UnknownVariable, finalize=_to_text, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )  # each target escapes the whole text: `bot.templates.markup`, `bot.slack.text`
    environment.tests["known"] = _is_known
    for name in _SWELLING:
        del environment.filters[name]
    environment.globals.clear()  # no `range`: a template repeats only what the record holds
    return environment


_ENVIRONMENT = _environment()


def render(source: str, variables: Mapping[str, Any]) -> Rendered:
    """Render a template whose first line is `Subject: …`. Raises `Refused` if the template is broken."""
    try:
        text = _ENVIRONMENT.from_string(source).render(variables)
    except (
        TemplateError,
        RecursionError,
        TypeError,
        ValueError,
        ArithmeticError,
        AttributeError,
        LookupError,
    ) as error:
        raise Refused(f"The template is broken: {str(error)[:200]}. `tocsin check` says where.") from None
    match = _SUBJECT.match(text)
    subject = " ".join(match[1].split()) if match else ""
    body = text[match.end() :] if match else text
    lines = "\n".join(line.rstrip() for line in body.splitlines())
    return Rendered(subject[:LONGEST_SUBJECT], _BLANK_LINES.sub("\n\n", lines).strip()[:LONGEST_TEXT])


def problems_in(source: str) -> list[TemplateProblem]:
    """Every mistake that can be found without rendering: the syntax, or else unknown variables, and a lost subject."""
    if len(source) > LONGEST_SOURCE:
        return [TemplateProblem(1, f"The template is longer than {LONGEST_SOURCE:,} characters.")]
    try:
        tree = _ENVIRONMENT.parse(source)
        _ENVIRONMENT.from_string(source)  # finds unknown filters and tests
    except RecursionError:
        return [TemplateProblem(1, "It is nested too deeply.")]
    except TemplateSyntaxError as error:
        return [TemplateProblem(error.lineno, f"{error.message}")]
    unknown = meta.find_undeclared_variables(tree) - set(VARIABLES)
    lines: dict[str, int] = {}
    for name in tree.find_all(nodes.Name):
        if name.name in unknown:
            lines[name.name] = min(name.lineno, lines.get(name.name, name.lineno))
    problems = [TemplateProblem(line, _unknown(name)) for name, line in sorted(lines.items(), key=lambda item: item[1])]
    if not _SUBJECT.match(_without_comments(source)):
        problems.insert(0, TemplateProblem(1, "The first line is not `Subject: …`."))
    return problems


def _without_comments(source: str) -> str:
    return re.sub(r"\{#.*?#\}", "", source, flags=re.DOTALL)


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name, VARIABLES, n=1)
    hint = f" Did you mean {close[0]}?" if close else f" There are: {', '.join(sorted(VARIABLES))}."
    return f"There is no variable “{name}”.{hint}"
