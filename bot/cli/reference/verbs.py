"""The page of what people type in Slack."""

from __future__ import annotations

from bot.cli.reference.markdown import code, document, table
from bot.policy import preset
from bot.slack.commands.verb import Verb, example
from bot.slack.commands.verbs import VERBS

INTRODUCTION = (
    "What follows `/incident`. Outside an incident's channel, `--in INC-42` names the incident. `/incident help "
    "<verb>` says the same in Slack."
)


def page() -> str:
    """The page."""
    overview = table(
        ("verb", "what happens"), ((f"[`{verb.name}`](#{verb.name.lower()})", verb.summary) for verb in VERBS)
    )
    return document("Verbs", INTRODUCTION, [overview, *(_section(verb) for verb in VERBS)])


def _section(verb: Verb) -> str:
    usages = " · ".join(code(f"/incident {usage}") for usage in verb.usages)
    lines = [f"## {verb.name}", f"{verb.summary[0].upper()}{verb.summary[1:]}.", usages]
    usage_example = example(verb, preset("sev1-5"), "/incident")
    lines.append(f"Example: {code(usage_example)}")
    if verb.aliases:
        lines.append("Also: " + ", ".join(code(alias) for alias in verb.aliases))
    return "\n\n".join(lines)
