"""Builds the answer that confirms a redaction, and says where the removed words may still be."""

from __future__ import annotations

from bot.domain.incident.redaction import RedactionResult
from bot.domain.timeline.redaction import MESSAGE_KINDS
from bot.slack.blocks import elements
from bot.slack.blocks.elements import Message
from bot.slack.blocks.timeline import link_of
from bot.slack.text import mention


def redaction_confirmation(result: RedactionResult, actor: str) -> Message:
    """The answer to the person who redacted an entry."""
    entry, incident = result.record.entry, result.incident
    if result.count == 1:
        entries, possessive, pronoun = "one entry", "its", "it"
    else:
        entries, possessive, pronoun = f"{result.count} entries", "their", "them"
    text = f"Redacted: {entries} of {incident.id} lost {possessive} words, and my messages about {pronoun} are edited."
    notes = ["Backups, archives and exports made before still have them."]
    if result.title_struck:
        notes.append("The name of the channel was made from the title: rename it in Slack.")
    if entry.kind in MESSAGE_KINDS and not result.record.deleted:
        author = "you" if entry.actor == actor else mention(entry.actor)
        notes.insert(0, f"The message itself is still in Slack: only {author} can delete it there.{link_of(entry)}")
    return elements.message(text, [elements.section("\n".join([text, *notes]))])
