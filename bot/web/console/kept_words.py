"""Keeps what was typed into a form whose session has ended, until its person has signed in again.

The page that signs in carries the words, and what follows it is the form again, to be sent with one press.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from bot.web.console.cookies import FIELD
from bot.web.console.local_path import local_path

KEPT = "kept"  # the field of the page that signs in
LONGEST = 100_000  # characters
_OURS = frozenset({FIELD, "once", "token", "password", "next", KEPT})


@dataclass(frozen=True, slots=True)
class KeptWords:
    """A form's words. `action` is where it was sent."""

    action: str
    fields: tuple[tuple[str, str], ...]

    def as_text(self) -> str:
        """The content that the sign-in page carries."""
        return json.dumps([self.action, self.fields])

    @property
    def words(self) -> tuple[tuple[str, str, str], ...]:
        """The fields that say something: name, label, text."""
        return tuple((name, name.replace("_", " ").capitalize(), text) for name, text in self.fields if text)

    @property
    def once(self) -> str:
        """Names the sending of the form."""
        return secrets.token_urlsafe(12)


def keep_form(path: str, sent: Mapping[str, object]) -> KeptWords | None:
    """The words of a form; None if nothing was typed, or if the form is not of a page."""
    fields = tuple((name, text) for name, text in sent.items() if name not in _OURS and isinstance(text, str))
    if path == "/logout" or not any(text.strip() for _, text in fields):
        return None
    form_words = KeptWords(local_path(path), fields)
    return form_words if len(form_words.as_text()) <= LONGEST else None


def parse(text: object) -> KeptWords | None:
    """The words that the page that signs in carried; None without any."""
    if not isinstance(text, str) or not 0 < len(text) <= LONGEST:
        return None
    try:
        action, fields = json.loads(text)
        pairs = tuple((str(name), str(value)) for name, value in fields)
    except (ValueError, TypeError):
        return None
    return KeptWords(action, pairs) if isinstance(action, str) and local_path(action) == action else None
