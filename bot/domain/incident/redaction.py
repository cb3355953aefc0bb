"""Decides who may redact a timeline entry (remove its words), and computes how that changes the incident."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.errors import Refused
from bot.domain.incident.state import Change, Incident
from bot.domain.timeline.entry import Entry, RecordedEntry
from bot.domain.timeline.redaction import MESSAGE_KINDS, StruckWords, texts_of
from bot.domain.values.slack_ids import user_mention

REDACTED = "redacted"  # the kind of the entry that says which entries were redacted, by whom and why
_EXAMPLE = "redact"


@dataclass(frozen=True, slots=True)
class RedactionResult:
    """The result of a redaction."""

    incident: Incident  # as it is now
    record: RecordedEntry  # the chosen entry as it was
    count: int  # entries that lost their words
    title_struck: bool  # the words were in the incident's title


def require_redactor(incident: Incident, record: RecordedEntry, actor: str, *, everything: bool) -> None:
    """Raise `Refused` unless the actor may redact this entry and it still has words.

    With `everything`, the actor may redact what others wrote.
    """
    if record.purged:
        raise Refused("Its words are gone already.", _EXAMPLE)
    if not texts_of(record.entry):
        raise Refused("That entry holds no words of a person, so there is nothing to redact.", _EXAMPLE)
    if everything or record.entry.actor == actor:
        return
    lead = incident.roles.get("commander")
    redactor = f"{user_mention(lead)}, who leads {incident.id}," if lead else f"the commander of {incident.id}"
    raise Refused(f"Only {redactor} or the person who wrote it may redact it.", _EXAMPLE)


def strikes_everywhere(record: RecordedEntry, *, everything: bool) -> bool:
    """Whether the words are removed wherever they are repeated, or only in what the same person wrote.

    The author of a message may not remove what others said by repeating it.
    """
    return everything or record.entry.kind not in (*MESSAGE_KINDS, "note")


def without_words(incident: Incident, words: StruckWords) -> Incident:
    """The incident with the words removed from its own texts."""
    return replace(
        incident,
        title=words.strike(incident.title),
        description=words.strike(incident.description),
        update_text=words.strike(incident.update_text),
        summary=words.strike(incident.summary),
        root_cause=words.strike(incident.root_cause),
        custom={key: words.strike_in(answer) for key, answer in incident.custom.items()},
        walks=tuple(replace(run, last=words.strike(run.last)) for run in incident.walks),
    )


def redaction_entry(
    incident: Incident, seqs: list[int], seal: str | None, author: str, reason: str, actor: str, now: datetime
) -> Change:
    """The entry that says which entries lost their words, who struck them, and why."""
    data: dict[str, object] = {"seqs": seqs, "author": author, **({"seal": seal} if seal else {})}
    return Change(incident, (Entry(now, REDACTED, actor, reason.strip(), None, data, key=True),))
