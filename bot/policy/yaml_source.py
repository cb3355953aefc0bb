"""Parses YAML into plain JSON values, each with its line in the file."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

import yaml

from bot.policy.problems import KeyPath, Problem, path_text

_INT = re.compile(r"^[-+]?[0-9]{1,18}$")
_FLOAT = re.compile(r"^[-+]?[0-9]{1,15}\.[0-9]{1,15}$")
_LOST_TO_A_COMMENT = re.compile(r"(?::|-)\s+#(?P<lost>[^\s#]\S*)\s*$")

MAX_CHARACTERS = 5_000_000  # in a file; an account of 5,000 people and 1,000 schedules is a third of it
MAX_VALUES = 400_000  # in a file, counting each repetition by an alias
MAX_DEPTH = 40  # of settings in each other

# A phrase of PyYAML's message → what to do about it.
_HINTS = (
    ("\\t", "Indent with spaces, not with tabs."),
    (
        "mapping values are not allowed",
        "Put text that contains “: ” in quotes, or fix the indentation of this line.",
    ),
    ("could not find expected ':'", "A colon is missing after the key, or the line above is not finished."),
    ("found unexpected end of stream", "A quote is opened and never closed."),
    ("expected ',' or '}'", "A comma or the closing } is missing."),
    ("expected ',' or ']'", "A comma or the closing ] is missing."),
    ("expected <block end>", "Indent this line exactly as its neighbours above."),
    ("cannot start any token", "Put text that begins with this character in quotes."),
    ("undefined alias", "Put text that begins with * in quotes."),
    ("expected alphabetic or numeric character", "Put text that begins with * or & in quotes."),
)


@dataclass(slots=True)
class Source:
    """The values of a parsed file, with their lines and problems."""

    name: str
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[KeyPath, int] = field(default_factory=dict)  # of every setting in the file
    problems: list[Problem] = field(default_factory=list)
    empty: set[KeyPath] = field(default_factory=set)  # settings without a value, not even null

    def line(self, path: KeyPath) -> int | None:
        """The line of `path`, or of the nearest setting around it that is in the file; `None` if there is none."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines[path] if path else None

    def contains(self, path: KeyPath) -> bool:
        """Whether the setting is in the file."""
        return path in self.lines


class _Loader(yaml.SafeLoader):
    """A loader without YAML 1.1's surprises: `on`, `10:30` and `2026-01-05` are text here."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own way


class _FastLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The same loader on libyaml, if it is installed: ten times as fast, with other words for mistakes."""

    yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers


_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|false|False)$"), list("tTfF"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", _INT, list("-+0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile(r"^<<$"), ["<"])


def parse_yaml(text: str, name: str, example: str = "preset: sev1-5") -> Source:
    """Parse one document. Mistakes in it become the result's `problems`; none is raised.

    `example` is a line that such a file could begin with.
    """
    source = Source(name)
    if len(text) > MAX_CHARACTERS:
        source.problems.append(Problem((), f"The file is larger than {MAX_CHARACTERS:,} characters. Shorten it.", None))
        return source
    try:
        node = _compose(text)
    except yaml.YAMLError as error:
        source.problems.append(_syntax(error, text))
        return source
    except RecursionError:
        source.problems.append(Problem((), f"The file is nested too deeply: {MAX_DEPTH} levels are the most.", None))
        return source
    if node is None:
        return source
    if not isinstance(node, yaml.MappingNode):
        source.problems.append(Problem((), f"The file must contain settings, such as `{example}`.", 1))
        return source
    reader = _NodeReader(source, text.splitlines())
    source.values = reader.value(node, ())
    if reader.too_large:
        source.problems = [reader.too_large]
    return source


def _compose(text: str) -> yaml.Node | None:
    """The document's root. Raises the errors of PyYAML's own parser, whose words the hints know."""
    try:
        node: yaml.Node | None = yaml.compose(text, _FastLoader)
    except yaml.YAMLError:
        node = yaml.compose(text, _Loader)
    return node


class _NodeReader:
    """Turns the nodes of a file into values, and notes their lines."""

    def __init__(self, source: Source, text: list[str]) -> None:
        self.source = source
        self.text = text
        self.open: set[int] = set()
        self.count = 0
        self.too_large: Problem | None = None

    def value(self, node: yaml.Node, path: KeyPath) -> Any:
        """The value of a node at `path`."""
        self.count += 1
        if self.count > MAX_VALUES or len(path) > MAX_DEPTH:
            self._note_too_large(node)
            return None
        self.source.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        if id(node) in self.open:
            self._problem(path, "refers to itself.", node)
            return None
        self.open.add(id(node))
        value = self._mapping(node, path) if isinstance(node, yaml.MappingNode) else self._sequence(node, path)
        self.open.discard(id(node))
        return value

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        first_at: dict[Hashable, int] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._problem(path, "has a key that is not a plain word. Write a word before the colon.", key_node)
                continue
            if key_node.tag.endswith(":merge"):
                merged |= self._merge_key_values(value_node, path)
                continue
            key, line = key_node.value, key_node.start_mark.line + 1
            item = (*path, key)
            if key in first_at:
                self._problem(item, f"appears twice: first on line {first_at[key]}. Keep one of them.", key_node)
                continue
            first_at[key] = line
            self.source.lines[item] = line
            own[key] = self.value(value_node, item)
        return merged | own

    def _merge_key_values(self, node: yaml.Node, path: KeyPath) -> dict[str, Any]:
        """`<<: *other`: the keys of the other mapping that this one does not have itself."""
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        merged: dict[str, Any] = {}
        for merged_node in nodes:
            value = self.value(merged_node, path)
            if not isinstance(value, dict):
                self._problem(path, "merges (<<) something that is not a mapping. Name one with keys.", node)
                continue
            merged = value | merged
        return merged

    def _sequence(self, node: yaml.Node, path: KeyPath) -> list[Any]:
        return [self.value(item, (*path, number)) for number, item in enumerate(node.value)]

    def _scalar(self, node: yaml.ScalarNode, path: KeyPath) -> Any:
        tag = node.tag.rpartition(":")[2]
        if tag == "null":
            if node.value == "":
                self.source.empty.add(path)
                self._find_text_lost_to_comment(node, path)
            return None
        if tag == "bool":
            return node.value.lower() == "true"
        # A number only if nothing is lost by it: +49151… and 007 stay text.
        if tag == "int" and _INT.match(node.value) and str(int(node.value)) == node.value:
            return int(node.value)
        if tag == "float" and _FLOAT.match(node.value) and repr(float(node.value)) == node.value:
            return float(node.value)
        if not node.tag.startswith("tag:yaml.org,2002:"):
            self._problem(path, f"has a YAML tag ({node.tag}), which is not supported. Remove it.", node)
        return node.value

    def _find_text_lost_to_comment(self, node: yaml.ScalarNode, path: KeyPath) -> None:
        """Report a value that YAML takes for a comment, such as `announce: #incidents`."""
        line = self.text[node.start_mark.line] if node.start_mark.line < len(self.text) else ""
        if match := _LOST_TO_A_COMMENT.search(line[max(0, node.start_mark.column - 2) :]):
            message = "is empty, since # begins a comment in YAML."
            self._problem(path, f'{message} Write it in quotes: "#{match["lost"]}"', node)

    def _note_too_large(self, node: yaml.Node) -> None:
        """Note that the file is too large, perhaps by aliases that repeat each other. It is then the only problem."""
        if self.too_large is None:
            message = f"The file is too large: {MAX_VALUES:,} values, nested {MAX_DEPTH} deep, are the most."
            self.too_large = Problem((), f"{message} Repeat less with * and <<.", node.start_mark.line + 1)

    def _problem(self, path: KeyPath, message: str, node: yaml.Node) -> None:
        subject = path_text(path) if path else "The file"
        self.source.problems.append(Problem(path, f"{subject} {message}", node.start_mark.line + 1))


def _syntax(error: yaml.YAMLError, text: str) -> Problem:
    if not isinstance(error, yaml.MarkedYAMLError):
        return Problem((), f"This is not YAML: {error}.", None)
    reason = error.problem or "it cannot be read"
    hint = next((hint for phrase, hint in _HINTS if phrase in reason or phrase in str(error)), "")
    mark = error.problem_mark or error.context_mark
    if "unexpected end of stream" in reason and error.context_mark:
        mark = error.context_mark  # where the quote was opened, not the end of the file
    if "but found another document" in reason:
        hint = "Keep one document: remove the line ---."
    line = mark.line + 1 if mark else None
    lines = text.splitlines()
    quote = f" Line {line} reads: {lines[line - 1].strip()[:80]}" if line and line <= len(lines) else ""
    return Problem((), f"This is not YAML: {reason}. {hint}{quote}".replace("  ", " "), line)
