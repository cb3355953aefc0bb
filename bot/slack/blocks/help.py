"""Builds the answer to `/incident help`, from the table of verbs that the parser uses."""

from __future__ import annotations

import re
from functools import cache

from bot.domain.policy.policy import Policy
from bot.slack.blocks import elements
from bot.slack.blocks.elements import Block, Message
from bot.slack.commands.grammar.text import EVERY_VERB
from bot.slack.commands.verb import Verb, example
from bot.slack.commands.verbs import BY_NAME, VERBS
from bot.slack.text import render

COMMAND = "/incident"
_CLAUSE_END = re.compile("[:;]")


_SITUATIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Something is broken", ("declare <severity> <title>",)),
    ("You were paged, or you just came", ("ack", "catchup", "playbook")),
    ("You need more people", ("escalate [reason]", "page @user [reason]", "role <role> @user")),
    ("Others want to know how it stands", ("update <text>", "status <status> [note]", "severity <level> [reason]")),
    ("Remember this for the review", ("note <text>",)),
    ("Reminders disturb your work", ("snooze <duration>",)),
    ("It is over", ("resolve <summary>", "cancel <reason>")),
)
"""What a responder may need at once: a situation, and the usages that fit it."""


def help(policy: Policy, command: str = COMMAND, topic: str | None = None) -> Message:
    """The commands to type now, by situation. A verb as `topic` gives more about that verb, `all` gives every verb."""
    key = (topic or "").lower()
    verb = BY_NAME.get(key)
    if verb is not None:
        return _one(verb, policy, command)
    return _all(policy, command) if key == EVERY_VERB else _now(policy, command)


def _now(policy: Policy, command: str) -> Message:
    severities = ", ".join(render(level.key) for level in policy.severities[:20])
    title = f"What you can type after {command}"
    return elements.message(
        title,
        [
            *_situations(command),
            elements.context(
                f"Severities: {severities}",
                f"Without a word, `{command}` in an incident channel shows buttons. "
                f"Outside an incident channel, add `--in INC-42`.",
                f"An example: `{command} help update` · Every verb: `{command} help all`",
            ),
            elements.context(_others()),
        ],
    )


@cache
def _situations(command: str) -> tuple[Block, ...]:
    """The situations with their verbs, which are the same for everybody."""
    paragraphs = [
        "\n".join((f"*{situation}*", *(_short_line(command, usage) for usage in usages)))
        for situation, usages in _SITUATIONS
    ]
    return tuple(elements.sections("\n\n".join(paragraphs)))


def _short_line(command: str, usage: str) -> str:
    """A usage as a whole command line, with the first clause of its verb's summary."""
    summary = _CLAUSE_END.split(BY_NAME[usage.split(maxsplit=1)[0]].summary, maxsplit=1)[0]
    return f"{elements.code(f'{command} {usage}')} {render(summary)}"


@cache
def _others() -> str:
    """The names of the verbs that no situation names."""
    shown_verbs = {usage.split()[0] for _, usages in _SITUATIONS for usage in usages}
    return "Also: " + ", ".join(verb.name for verb in VERBS if verb.name not in shown_verbs)


def _all(policy: Policy, command: str) -> Message:
    severities = ", ".join(render(level.key) for level in policy.severities[:20])
    return elements.message(
        f"All you can type after {command}",
        [
            elements.section(f"*All you can type after `{command}`*"),
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
