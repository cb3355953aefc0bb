"""Builds the answer to `/incident help`, from the table of verbs that the parser uses."""

from __future__ import annotations

from functools import cache

from bot.domain.policy.policy import Policy
from bot.slack.blocks import elements
from bot.slack.blocks.elements import Block, Message
from bot.slack.commands.verb import Verb, example
from bot.slack.commands.verbs import BY_NAME, VERBS
from bot.slack.text import render

COMMAND = "/incident"


def help(policy: Policy, command: str = COMMAND, verb: str | None = None) -> Message:
    """All verbs, or one verb with its aliases and an example. An unknown `verb` gives all of them."""
    entry = BY_NAME.get((verb or "").lower())
    return _one(entry, policy, command) if entry else _all(policy, command)


def _all(policy: Policy, command: str) -> Message:
    severities = ", ".join(render(level.key) for level in policy.severities[:20])
    return elements.message(
        f"What you can type after {command}",
        [
            elements.section(f"*What you can type after `{command}`*"),
            *_verbs(),
            elements.context(
                f"Severities: {severities}",
                f"Outside an incident channel, add `--in INC-42`. More on a verb: `{command} help role`",
            ),
        ],
    )


@cache
def _verbs() -> tuple[Block, ...]:
    """The list of all verbs, which is the same for everybody."""
    return tuple(elements.sections("\n".join(map(_line, VERBS))))


def _one(verb: Verb, policy: Policy, command: str) -> Message:
    usages = "\n".join(elements.code(f"{command} {usage}") for usage in verb.usages)
    lines = [f"*{verb.name}*: {render(verb.summary)}", usages]
    if verb.aliases:
        lines.append(f"Also: {', '.join(verb.aliases)}")
    lines.append(f"For example: {elements.code(example(verb, policy, command))}")
    where = "Outside an incident channel, add `--in INC-42`." if verb.needs_incident else ""
    return elements.message(
        f"{command} {verb.name}: {render(verb.summary)}",
        [elements.section("\n".join(lines)), elements.context(where) if where else None],
    )


def _line(verb: Verb) -> str:
    usages = " · ".join(elements.code(usage) for usage in verb.usages)
    also = f" (also {', '.join(verb.aliases)})" if verb.aliases else ""
    return f"{usages} — {render(verb.summary)}{also}"
