"""Builds a person's home tab: their pages and incidents, who is on call, and all open incidents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.actions.item import ActionItem
from bot.domain.figures.load import RecentPages
from bot.domain.incident import Incident, PagedRung, handover
from bot.domain.oncall.schedule import Override
from bot.domain.policy.policy import Policy
from bot.domain.values import durations
from bot.slack.blocks import actions, elements, oncall, phrases
from bot.slack.blocks.elements import Block, button
from bot.slack.blocks.press_value import press_value
from bot.slack.text import clip, plain, render

COMMAND = "/incident"
MINE = 15
ITEMS = 10
REQUESTS = 8
SCHEDULES = 15
OPEN = 25


@dataclass(frozen=True, slots=True)
class Viewer:
    """The person whose home tab it is, and what they may see."""

    user: str
    addresses: frozenset[str]  # Slack ID and e-mail addresses, in small letters, by which pages may name them
    incidents: Sequence[Incident]  # the first of the open ones that they may see
    involved: Sequence[Incident]  # the open ones that name them: as holder of a role, paged, asked to take over …
    total: int  # open incidents that they may see, without drills
    drills: int = 0
    links: Mapping[str, str] = field(default_factory=dict)  # their calendar feeds, by schedule
    items: Sequence[ActionItem] = ()  # the first of their action items that are to be done
    items_total: int = 0
    pages: RecentPages | None = None  # how often they were paged; None: not known

    @property
    def own_incidents(self) -> list[Incident]:
        """The incidents that they declared, respond to or hold a role in."""
        return [
            incident
            for incident in self.involved
            if self.user in (*incident.roles.values(), *incident.responders, incident.declared_by)
        ]


def home(viewer: Viewer, policy: Policy, now: datetime, overrides: Sequence[Override], command: str = COMMAND) -> Block:
    """The view for `views.publish`."""
    mine, incidents = viewer.own_incidents, viewer.incidents
    blocks = [
        elements.actions(
            button("Declare incident", "menu_declare", "declare", style="primary"),
            button("Cover for a while", "cover", next(iter(policy.schedules))) if policy.schedules else None,
            block_id="home",
        ),
        *_requests(viewer, policy, now),
        elements.header("My incidents"),
        *(
            [_row(incident, policy, viewer.user) for incident in mine[:MINE]]
            or [elements.context("None of the open incidents is yours.")]
        ),
        elements.left_out(len(mine) - MINE, f"All of them: `{command} list`"),
        *_actions(viewer, policy, now, command),
        elements.context(f"{viewer.pages.text} More: `{command} metrics load`") if viewer.pages else None,
        elements.header("On call now"),
        *_on_call(policy, now, overrides, command),
        oncall.subscribe(viewer.links),
        elements.header(_open_heading(viewer)),
        *([_row(incident, policy) for incident in incidents[:OPEN]] or [elements.context("None. All is quiet.")]),
        elements.left_out(viewer.total + viewer.drills - len(incidents[:OPEN]), f"All of them: `{command} list`"),
        elements.context(f"As of {elements.moment(now)}. All commands: `{command} help`"),
    ]
    return {"type": "home", "blocks": [block for block in blocks if block][: elements.VIEW_BLOCKS]}


def _actions(viewer: Viewer, policy: Policy, now: datetime, command: str) -> list[Block | None]:
    """The action items of this person; nothing where they have none."""
    if not viewer.items:
        return []
    today = now.astimezone(policy.zone).date()
    return [
        elements.header("My action items"),
        *(block for item in viewer.items for block in actions.with_buttons(item, today)),
        elements.left_out(viewer.items_total - len(viewer.items), f"All of them: `{command} actions mine`"),
    ]


def _open_heading(viewer: Viewer) -> str:
    """The heading of the list, with the drills counted by themselves."""
    drills = f" and {viewer.drills} drill{'s' if viewer.drills != 1 else ''}" if viewer.drills else ""
    return f"Open incidents: {viewer.total}{drills}" if viewer.total or viewer.drills else "Open incidents"


def _requests(viewer: Viewer, policy: Policy, now: datetime) -> list[Block | None]:
    """Pages and handovers that wait for this person's answer."""
    blocks: list[Block | None] = []
    for incident in viewer.involved:
        for page in _pages(incident, viewer):
            blocks += _page(incident, page, policy, now)
        for offer in handover.open_offers(incident):
            if offer.to == viewer.user:
                title = render(plain(phrases.role_of(offer.role, policy).title))
                value = press_value(incident, offer.number)
                blocks += [
                    elements.section(f"You are asked to take over as *{title}* of {_name(incident)}"),
                    elements.actions(
                        button("Accept", "handover_accept", value, style="primary"),
                        button("Decline", "handover_decline", value),
                        block_id=f"handover_{incident.number}_{offer.number}",
                    ),
                ]
    return [elements.header("My pages"), *blocks[: 2 * REQUESTS]] if blocks else []


def _pages(incident: Incident, viewer: Viewer) -> list[PagedRung]:
    """The latest page of this person, if the incident still waits for an acknowledgement; at most one."""
    if incident.ladder.acknowledged_at is not None or viewer.user in incident.responders or incident.drill:
        return []
    return [page for page in incident.ladder.pages if viewer.addresses.intersection(_fold_case(page.people))][-1:]


def _fold_case(people: Sequence[str]) -> set[str]:
    """Slack IDs, and e-mail addresses in small letters."""
    return {person.lower() if "@" in person else person for person in people}


def _page(incident: Incident, page: PagedRung, policy: Policy, now: datetime) -> list[Block | None]:
    value = press_value(incident, page.rung)
    state = elements.join_dots(
        [
            phrases.severity_name(incident.severity, policy),
            f"rung {page.rung}" if page.rung else "",
            f"paged {durations.approximate(now - page.last_at)} ago",
            phrases.channel_link(incident),
        ]
    )
    return [
        elements.section(f":rotating_light: You are paged: {_name(incident)}\n{state}"),
        elements.actions(
            button("I'm on it", "on_it", value, style="primary"),
            button("Can't", "cant", value),
            block_id=f"page_{incident.number}",
        ),
    ]


def _row(incident: Incident, policy: Policy, user: str | None = None) -> Block:
    roles = [
        render(plain(phrases.role_of(key, policy).title)) for key, holder in incident.roles.items() if holder == user
    ]
    state = elements.join_dots(
        [
            phrases.severity_name(incident.severity, policy),
            phrases.status_name(incident.status),
            f"you are {elements.join_comma(roles)}" if roles else phrases.leadership(incident),
            phrases.channel_link(incident),
            ":lock:" if incident.private else "",
        ]
    )
    return elements.section(f"{_name(incident)}\n{state}")


def _name(incident: Incident) -> str:
    return f"{phrases.drill_prefix(incident)}*{incident.id}* · {clip(render(plain(incident.title)), 300)}"


def _on_call(policy: Policy, now: datetime, overrides: Sequence[Override], command: str) -> list[Block | None]:
    schedules = list(policy.schedules.values())
    if not schedules:
        return [elements.context("No one: the policy has no schedules.")]
    rows = [elements.section(oncall.row(schedule, policy, now, overrides)) for schedule in schedules[:SCHEDULES]]
    return [*rows, elements.left_out(len(schedules) - SCHEDULES, f"All of them: `{command} oncall`")]
