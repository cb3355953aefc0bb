"""Adds entries to the text of a policy file without changing its existing lines.

New entries go to the end of their section; a missing section is added at the end of its parent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from bot.importers.errors import ImportFailed
from bot.importers.yaml_text import comment, entry, flow, item

_STEP = "  "
_COMMENT_IN_FLOW = re.compile(r"#[^\n]*")


@dataclass(frozen=True, slots=True)
class Addition:
    """One entry to add: `section.key: value`. Without a key, it is an item of the section, which is a list."""

    section: tuple[str, ...]  # ("contacts",), ("alerts", "routes")
    key: str | None
    value: Any
    note: str  # the comment above it


@dataclass(slots=True)
class _Section:
    """The additions to a section and to the sections in it."""

    additions: list[Addition] = field(default_factory=list)
    inner: dict[str, _Section] = field(default_factory=dict)


@dataclass(slots=True)
class _Edits:
    """Insertions into a text, by the offset of a character or of a line's begin."""

    text: str
    made: list[tuple[int, str]] = field(default_factory=list)

    def apply(self) -> str:
        """The text with all insertions; those at the same offset keep the order in which they were made."""
        parts, position = [], 0
        for offset, new in sorted(self.made, key=lambda insertion: insertion[0]):
            parts += [self.text[position:offset], new]
            position = offset
        return "".join([*parts, self.text[position:]])


def merge(text: str, additions: Sequence[Addition]) -> str:
    """The text of the file with the additions. Raises `ImportFailed` if the file is not a YAML mapping."""
    if not additions:
        return text
    if text and not text.endswith("\n"):
        text += "\n"
    edits = _Edits(text)
    root = _root(text)
    if root is None:
        return text + "\n".join(_inside(_tree(additions), "", blank=True)) + "\n"
    if root.flow_style:
        raise ImportFailed("The policy file is one pair of braces; write its sections on lines of their own first.")
    _place(edits, root, _tree(additions), "")
    return edits.apply()


def _tree(additions: Sequence[Addition]) -> _Section:
    root = _Section()
    for addition in additions:
        section = root
        for name in addition.section:
            section = section.inner.setdefault(name, _Section())
        section.additions.append(addition)
    return root


def _root(text: str) -> yaml.MappingNode | None:
    try:
        node = yaml.compose(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError) as error:
        raise ImportFailed(f"The policy file is no YAML ({type(error).__name__}); `tocsin check` says where.") from None
    if node is not None and not isinstance(node, yaml.MappingNode):
        raise ImportFailed("The policy file holds no settings.")
    return node


def _place(edits: _Edits, node: yaml.MappingNode, section: _Section, indent: str) -> None:
    """Add to a block mapping of the file and to the sections in it."""
    existing = {key.value: (key, value) for key, value in node.value if isinstance(key, yaml.ScalarNode)}
    new = _Section()
    for name, inner in section.inner.items():
        if name not in existing:
            new.inner[name] = inner
            continue
        key, value = existing[name]
        own = " " * key.start_mark.column
        if isinstance(value, yaml.ScalarNode):
            _into_empty(edits, name, value, inner, own)
        elif value.flow_style:
            _into_flow(edits, value, inner)
        else:
            _into_block(edits, value, inner)
    if new.inner:
        lines = list(_inside(new, indent, blank=not indent))
        edits.made.append((_end_of(edits.text, node, len(indent)), "\n".join(lines) + "\n"))


def _into_empty(edits: _Edits, name: str, value: yaml.ScalarNode, inner: _Section, own: str) -> None:
    if value.value not in ("", "null", "~"):
        raise ImportFailed(
            f"`{name}` in the policy file is a text, where a section is expected; `tocsin check` says more."
        )
    if value.value:
        raise ImportFailed(f"`{name}: {value.value}` in the policy file removes the section; delete that line first.")
    offset = edits.text.find("\n", value.start_mark.index) + 1
    edits.made.append((offset, "\n".join(_inside(inner, own + _STEP)) + "\n"))


def _into_block(edits: _Edits, value: yaml.Node, inner: _Section) -> None:
    column = value.start_mark.column
    if inner.additions:
        lines = list(_inside(_Section(inner.additions), " " * column))
        edits.made.append((_end_of(edits.text, value, column), "\n".join(lines) + "\n"))
    if inner.inner:
        if not isinstance(value, yaml.MappingNode):
            raise ImportFailed("The policy file has a list where a section is expected; `tocsin check` says where.")
        _place(edits, value, _Section(inner=inner.inner), " " * column)


def _into_flow(edits: _Edits, value: yaml.Node, inner: _Section) -> None:
    """Insert before the closing bracket, with a comma after the last existing item unless it has one."""
    closing = value.end_mark.index - 1
    if inner.inner and isinstance(value, yaml.MappingNode):
        sections = {key.value: node for key, node in value.value if isinstance(key, yaml.ScalarNode)}
        for name in [name for name in inner.inner if name in sections]:
            if isinstance(sections[name], yaml.ScalarNode):
                raise ImportFailed(f"`{name}` in the policy file is a text, where a section is expected.")
            _into_flow(edits, sections[name], inner.inner.pop(name))
    parts = [f"\n{_STEP}{comment(addition.note)}\n{_STEP}{_flow_item(addition)}" for addition in inner.additions]
    parts += [f"\n{_STEP}{name}: {flow(_as_value(nested))}" for name, nested in inner.inner.items()]
    if not parts:
        return
    last = value.value[-1] if value.value else None
    node = last[1] if isinstance(last, tuple) else last
    tail = _COMMENT_IN_FLOW.sub("", edits.text[node.end_mark.index : closing]) if node is not None else ","
    edits.made.append((closing, ("" if "," in tail else ",") + ",".join(parts) + "\n"))


def _flow_item(addition: Addition) -> str:
    return flow(addition.value) if addition.key is None else flow({addition.key: addition.value})[1:-1]


def _as_value(section: _Section) -> Any:
    if section.additions and section.additions[0].key is None:
        return [addition.value for addition in section.additions]
    values = {str(addition.key): addition.value for addition in section.additions}
    return {**values, **{name: _as_value(inner) for name, inner in section.inner.items()}}


def _inside(section: _Section, indent: str, *, blank: bool = False) -> Iterator[str]:
    """The lines of a section's content."""
    for addition in section.additions:
        if addition.key is None:
            yield from item(addition.value, addition.note, indent)
        else:
            yield from entry(addition.key, addition.value, addition.note, indent)
    for name, inner in section.inner.items():
        if blank:
            yield ""
        yield f"{indent}{name}:"
        yield from _inside(inner, indent + _STEP)


def _end_of(text: str, node: yaml.Node, column: int) -> int:
    """The end of a block: after its last line, before blank lines and comments that belong to the next one."""
    offset = node.end_mark.index
    offset = min(offset, len(text))
    begin = text.rfind("\n", 0, offset) + 1
    if text[begin:offset].strip():  # the block ends in the middle of its last line
        return (text.find("\n", offset) + 1) or len(text)
    while begin > 0:
        line_begin = text.rfind("\n", 0, begin - 1) + 1
        line = text[line_begin : begin - 1]
        shallow = line.lstrip().startswith("#") and len(line) - len(line.lstrip()) < max(column, 1)
        if line.strip() and not shallow:
            break
        begin = line_begin
    return begin
