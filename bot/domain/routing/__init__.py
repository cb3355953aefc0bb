"""Builds the notices (messages to send) that follow from a change, and decides who receives them.

`on_declared` and `on_change` list the notices of a change; each of the other modules builds those of one subject. Every
`dedup_key` is built here and nowhere else, because the key makes a message go out exactly once.
"""

from bot.domain.routing import jobs, playbook_runs
from bot.domain.routing.actions import action_assigned, action_reminder
from bot.domain.routing.alert_pages import (
    alert_page_base,
    alert_page_to,
    alert_pages,
    alert_pages_edited,
    alert_pages_resolved,
    live_page,
)
from bot.domain.routing.alerts import (
    alert_card,
    alert_card_edit,
    alert_card_key,
    alerts_edit,
    alerts_key,
    alerts_posted,
    proposal,
    proposal_edit,
    proposal_key,
)
from bot.domain.routing.announcements import (
    announcement,
    announcement_edit,
    announcement_key,
    briefings,
    briefings_over,
)
from bot.domain.routing.answers import answer, correction, declared
from bot.domain.routing.changes import on_change, on_declared, without_settled
from bot.domain.routing.channel import (
    backfill,
    card_edit,
    card_key,
    card_posted,
    channel_key,
    in_channel,
    invitation,
    pin,
    triage,
    triage_key,
)
from bot.domain.routing.channel_loss import back_key, channel_look, moved, page_refresh
from bot.domain.routing.communications import (
    communication_key,
    communication_keys,
    communication_notices,
    communication_test,
    publication_receipt,
    receipt_edit,
    receipt_key,
    receipt_posted,
)
from bot.domain.routing.digests import TOLD_IN_DIGEST, digest_notices, gathering
from bot.domain.routing.handovers import handover_nudge, handover_offered, shift_offer
from bot.domain.routing.pages import (
    follow_up_key,
    live_page_keys,
    page_base,
    page_key,
    page_prefix,
    page_to,
    pages,
    person_of_page,
    would_have_paged,
)
from bot.domain.routing.playbook_runs import run_edit, run_message_key
from bot.domain.routing.reminders import nudge
from bot.domain.routing.reviews import (
    review_edit,
    review_key,
    review_posted,
    review_published,
    review_questions,
    review_reminder,
)
from bot.domain.routing.rewrites import PastNotice, rewrites
from bot.domain.routing.tickets import ticket, ticket_key, ticket_moved
from bot.domain.routing.workspace import home, policy_refused, policy_valid, relieved, user_group

__all__ = [
    "TOLD_IN_DIGEST",
    "PastNotice",
    "action_assigned",
    "action_reminder",
    "alert_card",
    "alert_card_edit",
    "alert_card_key",
    "alert_page_base",
    "alert_page_to",
    "alert_pages",
    "alert_pages_edited",
    "alert_pages_resolved",
    "alerts_edit",
    "alerts_key",
    "alerts_posted",
    "announcement",
    "announcement_edit",
    "announcement_key",
    "answer",
    "back_key",
    "backfill",
    "briefings",
    "briefings_over",
    "card_edit",
    "card_key",
    "card_posted",
    "channel_key",
    "channel_look",
    "communication_key",
    "communication_keys",
    "communication_notices",
    "communication_test",
    "correction",
    "declared",
    "digest_notices",
    "follow_up_key",
    "gathering",
    "handover_nudge",
    "handover_offered",
    "home",
    "in_channel",
    "invitation",
    "jobs",
    "live_page",
    "live_page_keys",
    "moved",
    "nudge",
    "on_change",
    "on_declared",
    "page_base",
    "page_key",
    "page_prefix",
    "page_refresh",
    "page_to",
    "pages",
    "person_of_page",
    "pin",
    "playbook_runs",
    "policy_refused",
    "policy_valid",
    "proposal",
    "proposal_edit",
    "proposal_key",
    "publication_receipt",
    "receipt_edit",
    "receipt_key",
    "receipt_posted",
    "relieved",
    "review_edit",
    "review_key",
    "review_posted",
    "review_published",
    "review_questions",
    "review_reminder",
    "rewrites",
    "run_edit",
    "run_message_key",
    "shift_offer",
    "ticket",
    "ticket_key",
    "ticket_moved",
    "triage",
    "triage_key",
    "user_group",
    "without_settled",
    "would_have_paged",
]
