"""The page that says where the console does what people type in Slack."""

from __future__ import annotations

from bot.cli.reference.markdown import code, document, table
from bot.slack.commands.verbs import VERBS
from bot.web.console.verb_places import EXCEPTIONS, PLACES

INTRODUCTION = (
    "Everything that `/incident` can do can be done in the [console](../console.md), with the same permissions and the "
    "same record. The page of an incident offers the verbs that fit its state."
)


def page() -> str:
    """The page."""
    usages = [usage for verb in VERBS for usage in verb.usages]
    rows = [(code(f"/incident {usage}"), _place(usage)) for usage in usages]
    return document("Verbs in the console", INTRODUCTION, [table(("in Slack", "in the console"), rows)])


def _place(usage: str) -> str:
    if usage in EXCEPTIONS:
        return f"– {EXCEPTIONS[usage]}"
    location = PLACES[usage]
    path = code(location.page.partition("?")[0])
    if not location.form:
        return f"{path} shows it"
    fields = f" ({', '.join(code(name) for name in location.fields)})" if location.fields else ""
    return f"a form on {path}{fields}"
