"""Who is told what, and where: the notices that follow from a change, by meaning.

`on_declared` and `on_change` say what follows of a change; the rest are the notices, a module for what they tell of.
Every name (`dedup_key`) is built here and nowhere else, since it is what makes a message go out exactly once.
"""

from bot.domain.routing import jobs, playbook_runs
from bot.domain.routing.announcements import announcement_of, briefings
from bot.domain.routing.answers import answer, declared
from bot.domain.routing.changes import on_change, on_declared, without_settled
from bot.domain.routing.channel import (
    backfill,
    card_edit,
    card_of,
    card_posted,
    channel_of,
    invitation,
    pin,
    triage,
    triage_of,
)
from bot.domain.routing.handovers import handover_asked, handover_nudge, shift_offer
from bot.domain.routing.nudges import nudge
from bot.domain.routing.pages import asking_pages, page_name, page_to, pages, would_have_paged
from bot.domain.routing.playbook_runs import walk_edit, walk_of
from bot.domain.routing.workspace import home, policy_mended, policy_refused, user_group

__all__ = [
    "announcement_of",
    "answer",
    "asking_pages",
    "backfill",
    "briefings",
    "card_edit",
    "card_of",
    "card_posted",
    "channel_of",
    "declared",
    "handover_asked",
    "handover_nudge",
    "home",
    "invitation",
    "jobs",
    "nudge",
    "on_change",
    "on_declared",
    "page_name",
    "page_to",
    "pages",
    "pin",
    "playbook_runs",
    "policy_mended",
    "policy_refused",
    "shift_offer",
    "triage",
    "triage_of",
    "user_group",
    "walk_edit",
    "walk_of",
    "without_settled",
    "would_have_paged",
]
