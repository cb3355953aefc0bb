"""Defines the errors of an import that a person can mend."""

from __future__ import annotations

from bot.domain.errors import TocsinError


class ImportFailed(TocsinError):
    """The source cannot be read, or not go on being read; the message says what to do next."""


class Forbidden(ImportFailed):
    """The key may not read one kind of objects, or the account has no such feature."""
