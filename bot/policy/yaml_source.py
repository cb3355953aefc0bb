"""YAML with line numbers: plain JSON values, and where in the file each of them stands."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

import yaml

from bot.policy.problems import KeyPath, Problem, dotted

_INT = re.compile(r"^[-+]?[0-9]{1,18}$")
_FLOAT = re.compile(r"^[-+]?[0-9]{1,15}\.[0-9]{1,15}$")
_LOST_TO_A_COMMENT = re.compile(r"(?::|-)\s+#(?P<lost>[^\s#]\S*)\s*$")

MAX_CHARACTERS = 1_000_000  # characters of a file
MAX_VALUES = 100_000  # values, those counted that an alias repeats
MAX_DEPTH = 40

# What PyYAML says → what to do about it.
_MENDS = (
    ("\\t", "Indent with spaces, not with tabs."),
    (
        "mapping values are not allowed",
        "Put a text that contains “: ” in quotes, or mend the indentation of this line.",
    ),
    ("could not find expected ':'", "A colon is missing after the key, or the line above is not finished."),
    ("found unexpected end of stream", "A quote is opened and never closed."),
    ("expected ',' or '}'", "A comma or the closing } is missing."),
    ("expected ',' or ']'", "A comma or the closing ] is missing."),
    ("expected <block end>", "Indent this line exactly as its neighbours above."),
    ("cannot start any token", "Put a text that begins with this character in quotes."),
    ("undefined alias", "Put a text that begins with * in quotes."),
    ("expected alphabetic or numeric character", "Put a text that begins with * or & in quotes."),
)


@dataclass(slots=True)
class Source:
    """What a file says. `lines` knows only what stands in the file, so it also tells whose word a value is."""

    name: str
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[KeyPath, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    empty: set[KeyPath] = field(default_factory=set)  # nothing is written there, not even null

    def line(self, path: KeyPath) -> int | None:
        """The line of the nearest thing to `path` that stands in the file; None where nothing of it does."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines[path] if path else None

    def contains(self, path: KeyPath) -> bool:
        return path in self.lines


class _Loader(yaml.SafeLoader):
    """Without YAML 1.1's surprises: `on`, `10:30` and `2026-01-05` are texts here."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own way


_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|false|False)$"), list("tTfF"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", _INT, list("-+0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile(r"^<<$"), ["<"])


def parse_yaml(text: str, name: str, example: str = "preset: sev1-5") -> Source:
    """Read one document. Never raises for what the text says: see `problems`. `example`: a line it could begin with."""
    source = Source(name)
    if len(text) > MAX_CHARACTERS:
        source.problems.append(
            Problem((), f"The file is larger than {MAX_CHARACTERS:,} characters. Say it in fewer.", None)
        )
        return source
    try:
        node = yaml.compose(text, _Loader)
    except yaml.YAMLError as error:
        source.problems.append(_syntax(error, text))
        return source
    except RecursionError:
        source.problems.append(Problem((), "This is nested too deeply for anything that is meant.", None))
        return source
    if node is None:
        return source
    if not isinstance(node, yaml.MappingNode):
        source.problems.append(Problem((), f"The file must hold settings, such as `{example}`.", 1))
        return source
    reading = _Reading(source, text.splitlines())
    source.values = reading.value(node, ())
    if reading.too_much:
        source.problems = [reading.too_much]
    return source


class _Reading:
    """One walk over the nodes of a file."""

    def __init__(self, source: Source, text: list[str]) -> None:
        self.source = source
        self.text = text
        self.open: set[int] = set()
        self.count = 0
        self.too_much: Problem | None = None

    def value(self, node: yaml.Node, path: KeyPath) -> Any:
        self.count += 1
        if self.count > MAX_VALUES or len(path) > MAX_DEPTH:
            self._too_much(node)
            return None
        self.source.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        if id(node) in self.open:
            self._problem(path, "refers to itself.", node)
            return None
        self.open.add(id(node))
        found = self._mapping(node, path) if isinstance(node, yaml.MappingNode) else self._sequence(node, path)
        self.open.discard(id(node))
        return found

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        first_at: dict[Hashable, int] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._problem(path, "has a key that is not a simple word.", key_node)
                continue
            if key_node.tag.endswith(":merge"):
                merged |= self._merged(value_node, path)
                continue
            key, line = key_node.value, key_node.start_mark.line + 1
            here = (*path, key)
            if key in first_at:
                self._problem(here, f"stands here twice: first on line {first_at[key]}. Keep one of them.", key_node)
                continue
            first_at[key] = line
            self.source.lines[here] = line
            own[key] = self.value(value_node, here)
        return merged | own

    def _merged(self, node: yaml.Node, path: KeyPath) -> dict[str, Any]:
        """`<<: *other`: the other's keys, where the mapping has none of its own."""
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        found: dict[str, Any] = {}
        for one in nodes:
            value = self.value(one, path)
            if not isinstance(value, dict):
                self._problem(path, "merges (<<) something that has no keys.", node)
                continue
            found = value | found
        return found

    def _sequence(self, node: yaml.Node, path: KeyPath) -> list[Any]:
        return [self.value(item, (*path, number)) for number, item in enumerate(node.value)]

    def _scalar(self, node: yaml.ScalarNode, path: KeyPath) -> Any:
        tag = node.tag.rpartition(":")[2]
        if tag == "null":
            if node.value == "":
                self.source.empty.add(path)
                self._look_for_a_lost_text(node, path)
            return None
        if tag == "bool":
            return node.value.lower() == "true"
        # A number only where nothing is lost: +49151… and 007 stay texts.
        if tag == "int" and _INT.match(node.value) and str(int(node.value)) == node.value:
            return int(node.value)
        if tag == "float" and _FLOAT.match(node.value) and repr(float(node.value)) == node.value:
            return float(node.value)
        if not node.tag.startswith("tag:yaml.org,2002:"):
            self._problem(path, f"has a tag ({node.tag}) that means nothing here. Leave it out.", node)
        return node.value

    def _look_for_a_lost_text(self, node: yaml.ScalarNode, path: KeyPath) -> None:
        """`announce: #incidents` is empty to YAML, and a trap to people."""
        line = self.text[node.start_mark.line] if node.start_mark.line < len(self.text) else ""
        if match := _LOST_TO_A_COMMENT.search(line[max(0, node.start_mark.column - 2) :]):
            said = "is empty, since # begins a comment in YAML."
            self._problem(path, f'{said} Write it in quotes: "#{match["lost"]}"', node)

    def _too_much(self, node: yaml.Node) -> None:
        """Aliases that repeat others say things without end. Nothing else is said of such a file."""
        if self.too_much is None:
            said = (
                f"The file says too much: {MAX_VALUES:,} values, {MAX_DEPTH} of them within each other, are the most."
            )
            self.too_much = Problem((), f"{said} Repeat less with * and <<.", node.start_mark.line + 1)

    def _problem(self, path: KeyPath, message: str, node: yaml.Node) -> None:
        said = f"{dotted(path)} {message}" if path else f"The file {message}"
        self.source.problems.append(Problem(path, said, node.start_mark.line + 1))


def _syntax(error: yaml.YAMLError, text: str) -> Problem:
    if not isinstance(error, yaml.MarkedYAMLError):
        return Problem((), f"This is not YAML: {error}.", None)
    said = error.problem or "it cannot be read"
    mend = next((mend for sign, mend in _MENDS if sign in said or sign in str(error)), "")
    mark = error.problem_mark or error.context_mark
    if "unexpected end of stream" in said and error.context_mark:
        mark = error.context_mark  # where the quote was opened: the end of the file helps nobody
    if "but found another document" in said:
        mend = "Keep one document: leave out the line ---."
    line = mark.line + 1 if mark else None
    lines = text.splitlines()
    shown = f" Line {line} reads: {lines[line - 1].strip()[:80]}" if line and line <= len(lines) else ""
    return Problem((), f"This is not YAML: {said}. {mend}{shown}".replace("  ", " "), line)
