"""The home tab: what is mine, what I am asked, who is on call, what is open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.domain.incident import Incident, handover
from bot.domain.oncall.schedule import Override
from bot.domain.policy.policy import Policy
from bot.slack.blocks import elements, oncall, phrases
from bot.slack.blocks.elements import Block, button
from bot.slack.text import clip, plain, render

COMMAND = "/incident"
MINE = 15
ASKED = 8
SCHEDULES = 15
OPEN = 25


def home(
    user: str,
    addresses: frozenset[str],
    incidents: Sequence[Incident],
    policy: Policy,
    now: datetime,
    overrides: Sequence[Override],
    command: str = COMMAND,
    links: Mapping[str, str] | None = None,
) -> Block:
    """`incidents` are the open ones this person may see, newest first; `addresses` what pages may call them by."""
    mine = [one for one in incidents if user in (*one.roles.values(), *one.responders) or one.declared_by == user]
    blocks = [
        elements.actions(
            button("Declare incident", "menu_declare", "declare", style="primary"),
            button("Cover for a while", "cover", next(iter(policy.schedules))) if policy.schedules else None,
            block_id="home",
        ),
        *_asked(user, addresses, incidents, policy),
        elements.header("My incidents"),
        *([_row(one, policy, user) for one in mine[:MINE]] or [elements.context("None is open.")]),
        elements.left_out(len(mine) - MINE, f"All of them: `{command} list`"),
        elements.header("On call now"),
        *_on_call(policy, now, overrides),
        oncall.subscribe(links or {}),
        elements.header("Open incidents"),
        *([_row(one, policy) for one in incidents[:OPEN]] or [elements.context("None. All is quiet.")]),
        elements.left_out(len(incidents) - OPEN, f"All of them: `{command} list`"),
        elements.context(f"As of {elements.moment(now)}. What you can type: `{command} help`"),
    ]
    return {"type": "home", "blocks": [block for block in blocks if block][: elements.VIEW_BLOCKS]}


def _asked(user: str, addresses: frozenset[str], incidents: Sequence[Incident], policy: Policy) -> list[Block | None]:
    """Pages that wait for an answer, and roles that I am to take over."""
    found: list[Block | None] = []
    for incident in incidents:
        found += [_page(incident, rung) for rung in _rungs(incident, user, addresses)]
        for one in handover.open_offers(incident):
            if one.to == user:
                title = render(plain(phrases.role_of(one.role, policy).title))
                value = f"{incident.id}:{one.number}"
                found += [
                    elements.section(f"You are asked to take over as *{title}* of {_name(incident)}"),
                    elements.actions(
                        button("Accept", "handover_accept", value, style="primary"),
                        button("Decline", "handover_decline", value),
                        block_id=f"handover_{incident.number}_{one.number}",
                    ),
                ]
    return [elements.header("My pages"), *found[: 2 * ASKED]] if found else []


def _rungs(incident: Incident, user: str, addresses: frozenset[str]) -> list[int]:
    """The rung I was paged on last, while nobody has answered."""
    if incident.ladder.acknowledged_at is not None or user in incident.responders or incident.drill:
        return []
    return [page.rung for page in incident.ladder.pages if addresses.intersection(page.people)][-1:]


def _page(incident: Incident, rung: int) -> Block:
    return elements.section(
        f":rotating_light: You are paged: {_name(incident)}",
        button("I'm on it", "on_it", f"{incident.id}:{rung}", style="primary"),
        block_id=f"page_{incident.number}",
    )


def _row(incident: Incident, policy: Policy, user: str | None = None) -> Block:
    roles = [render(plain(phrases.role_of(key, policy).title)) for key, who in incident.roles.items() if who == user]
    state = elements.join_dots(
        [
            phrases.severity_name(incident.severity, policy),
            phrases.status_name(incident.status),
            f"you are {elements.join_comma(roles)}" if roles else f"led by {phrases.who_leads(incident)}",
            phrases.channel_link(incident),
            ":lock:" if incident.private else "",
        ]
    )
    return elements.section(f"{_name(incident)}\n{state}")


def _name(incident: Incident) -> str:
    return f"{phrases.drill_prefix(incident)}*{incident.id}* · {clip(render(plain(incident.title)), 300)}"


def _on_call(policy: Policy, now: datetime, overrides: Sequence[Override]) -> list[Block | None]:
    schedules = list(policy.schedules.values())
    if not schedules:
        return [elements.context("Nobody: the policy has no schedules.")]
    rows = [elements.section(oncall.row(one, policy, now, overrides)) for one in schedules[:SCHEDULES]]
    return [*rows, elements.left_out(len(schedules) - SCHEDULES, "`/incident oncall` has them all.")]
