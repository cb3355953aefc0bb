"""Decides which request brings the copy of a publication up to date. It keeps changes made by hand.

The copy holds our marks beside its text: which updates were written, and a hash of their words. So each look at the
copy shows what is missing, even after a request whose outcome is unknown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot.domain.statuspage.publication import Publication, PublicUpdate


@dataclass(frozen=True, slots=True)
class CopyMetadata:
    """Our notes at the copy: the title as it was written, and a hash of the words of each written update."""

    publication: str
    name: str
    updates: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CopiedUpdate:
    """An update as the copy has it."""

    id: str
    body: str


@dataclass(frozen=True, slots=True)
class Copy:
    """The copy as it is now."""

    id: str
    name: str
    status: str
    updates: tuple[CopiedUpdate, ...]
    marks: CopyMetadata


@dataclass(frozen=True, slots=True)
class CopyStep:
    """One request. Without `update` only title and marks are written; `correct` is the ID there of corrected words."""

    marks: CopyMetadata
    update: PublicUpdate | None = None
    name: str | None = None
    correct: str | None = None


@dataclass(frozen=True, slots=True)
class ManualChange:
    """A change that a person made to the copy, which is not overwritten. `what` says it in words."""

    what: str


def first_step(publication: Publication) -> CopyStep:
    """The step that creates the copy: with the first update, or with all of a publication that was over already."""
    updates = publication.updates if is_backfill(publication) else publication.updates[:1]
    marks = CopyMetadata(publication.id, publication.title, {update.id: digest(update.message) for update in updates})
    return CopyStep(marks, updates[0], publication.title)


def is_backfill(publication: Publication) -> bool:
    """Whether it was over when it was published."""
    return publication.ended_at is not None and publication.ended_at < publication.created_at


def next_step(publication: Publication, copy: Copy) -> CopyStep | ManualChange | None:
    """The next step to write; None if the copy is up to date."""
    marks = copy.marks
    missing = next((update for update in publication.updates if update.id not in marks.updates), None)
    if missing is not None:
        written_updates = [update for update in publication.updates if update.id in marks.updates]
        last = str(written_updates[-1].status) if written_updates and not is_backfill(publication) else copy.status
        if copy.status != last:
            return ManualChange(f"its status is {copy.status} there, and was {last}")
        name = _name(publication, copy)
        after = _with_digest(marks, missing)
        return CopyStep(after if name is None else replace(after, name=name), missing, name)
    for update in publication.updates:
        if marks.updates[update.id] != digest(update.message):
            return _correction(update, copy)
    if publication.title != marks.name:
        if copy.name not in (marks.name, publication.title):
            return ManualChange(f"its title is “{copy.name}” there")
        return CopyStep(replace(marks, name=publication.title), name=publication.title)
    return None


def _correction(update: PublicUpdate, copy: Copy) -> CopyStep | ManualChange:
    was = copy.marks.updates[update.id]
    after = _with_digest(copy.marks, update)
    if any(digest(copied.body) == digest(update.message) for copied in copy.updates):
        return CopyStep(after)  # an earlier attempt wrote the words and not the marks
    copied_update = next((copied for copied in copy.updates if digest(copied.body) == was), None)
    if copied_update is None:
        return ManualChange("the words of an update were changed there")
    return CopyStep(after, update, correct=copied_update.id)


def _name(publication: Publication, copy: Copy) -> str | None:
    """The title if it is to be written: not over one that somebody wrote by hand."""
    return publication.title if copy.name == copy.marks.name != publication.title else None


def _with_digest(marks: CopyMetadata, update: PublicUpdate) -> CopyMetadata:
    return replace(marks, updates={**marks.updates, update.id: digest(update.message)})


def digest(text: str) -> str:
    """A short hash of a text, without the space around it."""
    return hashlib.sha256(text.strip().encode("utf-8", "replace")).hexdigest()[:12]
