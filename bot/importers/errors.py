"""Errors of an import that a person can mend."""

from __future__ import annotations

from bot.domain.errors import TocsinError


class ImportFailed(TocsinError):
    """The source cannot be read (further); the message says what to do next."""


class Forbidden(ImportFailed):
    """The API key may not read a kind of object, or the account lacks the feature."""
