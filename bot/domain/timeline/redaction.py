"""Finds the words that a redaction removes from a timeline entry, and removes them from other texts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bot.domain.timeline.entry import Entry
from bot.domain.values.one_line import one_line

STRUCK = "[redacted]"
MESSAGE_KINDS = frozenset({"message", "message_edited", "file"})
SHORTEST_PHRASE = 4  # characters: a shorter one is struck only where it is the whole text
_SHORTEST_PART = 12  # characters of a shortened text, such as a title, that tell where it comes from

# Kinds whose text is a person's words; of the other kinds with words, the fields of `data` that hold them.
_TEXT_IS_WORDS = MESSAGE_KINDS | {
    "note", "update", "resolved", "cancelled", "reopened", "escalated", "topic", "renamed", "alert",
}  # fmt: skip
_FIELDS = {
    "status": ("note",), "severity": ("reason",), "page": ("why",), "declared": ("title",), "resolved": ("root_cause",),
    "action": ("title", "reason"), "communication": ("subject",), "sent": ("title", "message"),
}  # fmt: skip
# Members of stored values that name one of a few states, or refer to something: a word that is like them stays.
_NAMING = frozenset(
    {
        "state", "status", "answer", "was", "kind", "priority", "category", "stage", "group", "audience", "id", "type",
        "style", "block_id", "action_id", "components", "channel", "method", "role", "severity", "incident_status",
    }
)  # fmt: skip
_TOKEN = re.compile(r"<([^<>|\n]*)(?:\|([^<>\n]*))?>")


def texts_of(entry: Entry) -> tuple[str, ...]:
    """The words that a person wrote in an entry. Empty if it has none, so that there is nothing to redact."""
    words = [entry.text] if entry.kind in _TEXT_IS_WORDS else []
    words += [str(entry.data.get(name) or "") for name in _FIELDS.get(entry.kind, ())]
    if entry.kind == "fields":
        words += [answer for answer in (entry.data.get("fields") or {}).values() if isinstance(answer, str)]
    return tuple(word for word in words if word.strip())


@dataclass(frozen=True, slots=True)
class StruckWords:
    """Words to remove, in every form in which they are stored: as Slack sent them, as text, on one line, escaped."""

    phrases: tuple[str, ...]  # the longest first

    @classmethod
    def of(cls, texts: Iterable[str]) -> StruckWords:
        """The words of these texts."""
        forms = {form for text in texts for form in _forms(text.strip()) if form}
        return cls(tuple(sorted(forms, key=lambda form: (-len(form), form))))

    def strike(self, text: str) -> str:
        """The text without the words. If the text is a shortened part of them, all of it is removed."""
        if text.strip() in self.phrases or self._is_part(text.strip().rstrip("…")):
            return STRUCK
        for phrase in self.phrases:
            if len(phrase) >= SHORTEST_PHRASE:
                text = text.replace(phrase, STRUCK)
        return text

    def strike_in(self, value: Any) -> Any:
        """A JSON value with the words removed from every text in it; keys stay, and so do names of states."""
        if isinstance(value, str):
            return self.strike(value)
        if isinstance(value, list):
            return [self.strike_in(item) for item in value]
        if isinstance(value, dict):
            return {key: item if key in _NAMING else self.strike_in(item) for key, item in value.items()}
        return value

    def _is_part(self, text: str) -> bool:
        return len(text) >= _SHORTEST_PART and any(text in phrase for phrase in self.phrases)


def _forms(text: str) -> set[str]:
    """The text as it is, without Slack's tokens and escapes, on one line, and with the escapes of mrkdwn."""
    bare = _TOKEN.sub(lambda token: token[2] or token[1], text)
    bare = bare.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()
    escaped = bare.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {
        form for variant in (text, bare, escaped) for form in (variant, one_line(variant), *variant.splitlines()[:1])
    }
