"""Turns the text of a communication into plain text and HTML. Every character of the text is escaped for its target.

The text has a little markup: `*bold*`, lines that begin with `- `, and web addresses. Slack shows it as it is.
"""

from __future__ import annotations

import html
import re

_BOLD = re.compile(r"(?<![\w*])\*(?=\S)([^*\n]{1,300}?)(?<=\S)\*(?![\w*])")
_URL = re.compile(r"https?://[^\s<>\"'()\[\]]+[^\s<>\"'()\[\].,;:!?]")
_EMOJI = {":rotating_light:": "\U0001f6a8", ":bar_chart:": "\U0001f4ca", ":white_check_mark:": "\u2705"}
_BULLET = "- "


def to_plain(text: str) -> str:
    """The text without its marks, as the plain part of a mail."""
    return _BOLD.sub(r"\1", with_emoji(text))


def with_emoji(text: str) -> str:
    """The text with the characters of the emoji that the shipped templates name."""
    for name, character in _EMOJI.items():
        text = text.replace(name, character)
    return text


def to_html(text: str) -> str:
    """The text as HTML paragraphs and lists, to stand in a body."""
    return "\n".join(_paragraph(part) for part in re.split(r"\n\s*\n", with_emoji(text).strip()) if part.strip())


def _paragraph(part: str) -> str:
    pieces: list[str] = []
    lines: list[str] = []
    bullets: list[str] = []
    for line in part.splitlines():
        if line.startswith(_BULLET):
            _flush_lines(pieces, lines)
            bullets.append(_inline(line.removeprefix(_BULLET)))
        else:
            _flush_bullets(pieces, bullets)
            lines.append(_inline(line))
    _flush_lines(pieces, lines)
    _flush_bullets(pieces, bullets)
    return "\n".join(pieces)


def _flush_lines(pieces: list[str], lines: list[str]) -> None:
    if lines:
        pieces.append(f"<p>{'<br>'.join(lines)}</p>")
        lines.clear()


def _flush_bullets(pieces: list[str], bullets: list[str]) -> None:
    if bullets:
        pieces.append(f"<ul>{''.join(f'<li>{bullet}</li>' for bullet in bullets)}</ul>")
        bullets.clear()


def _inline(line: str) -> str:
    pieces: list[str] = []
    end = 0
    for match in _URL.finditer(line):
        pieces += [_bold(line[end : match.start()]), _link(match[0])]
        end = match.end()
    return "".join([*pieces, _bold(line[end:])])


def _bold(text: str) -> str:
    return _BOLD.sub(r"<b>\1</b>", html.escape(text))


def _link(url: str) -> str:
    escaped = html.escape(url)
    return f'<a href="{escaped}">{escaped}</a>'
