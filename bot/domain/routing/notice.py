"""Notices: what is to be told or done outside, by meaning. They are rendered when they are sent, not before."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any


class NoticeKind(StrEnum):
    """What a notice tells or does. The values are stored in the outbox and must not change."""

    # The incident's channel
    CHANNEL = "channel"
    CARD = "card"
    CARD_EDIT = "card_edit"
    PIN = "pin"
    TOPIC = "topic"
    PURPOSE = "purpose"
    BOOKMARK = "bookmark"
    INVITE = "invite"
    BACKFILL = "backfill"
    NEWS = "news"
    UPDATE = "update"
    TRIAGE = "triage"
    TRIAGE_EDIT = "triage_edit"
    # Outside it
    ANNOUNCE = "announce"
    ANNOUNCE_EDIT = "announce_edit"
    THREAD = "thread"
    BRIEFING = "briefing"
    # Reminders and roles
    NUDGE = "nudge"
    NUDGE_EDIT = "nudge_edit"
    DUTIES = "duties"
    HANDOVER = "handover"
    HANDOVER_NUDGE = "handover_nudge"
    HANDOVER_EDIT = "handover_edit"
    SHIFT_OFFER = "shift_offer"
    SHIFT_OFFER_EDIT = "shift_offer_edit"
    # Pages
    PAGE_CHANNEL = "page_channel"
    PAGE_DIRECT = "page_direct"
    PAGE_ELSEWHERE = "page_elsewhere"
    PAGE_EDIT = "page_edit"
    PAGE_DRILL = "page_drill"
    PAGE_VENDOR = "notify"  # by PagerDuty, e-mail, SMS or webhook
    # Playbook runs and their jobs
    RUN = "walk"
    RUN_EDIT = "walk_edit"
    APPROVAL = "approval"
    APPROVAL_EDIT = "approval_edit"
    BREAK_GLASS = "glass"
    STEP_OVERDUE = "step_late"
    JOB_OUTPUT = "job_output"
    JOB_QUESTION = "job_question"
    JOB_QUESTION_EDIT = "job_question_edit"
    JOB_LEFTOVERS = "job_left"
    PLAYBOOK_REVIEW = "playbook_review"
    # Private answers
    ANSWER = "answer"
    DECLARED = "declared"
    # The workspace
    HOME = "home"
    USERGROUP = "usergroup"
    POLICY_REFUSED = "policy_refused"
    POLICY_MENDED = "policy_mended"


PAGER_KINDS = frozenset({NoticeKind.PAGE_VENDOR})  # sent by bot/pager.py, all others by Slack's senders


class Priority(IntEnum):
    """Lower goes first: a page never waits behind a card."""

    PAGE = 0
    CHANNEL = 10
    CARD = 20
    ANSWER = 25
    NUDGE = 30
    NEWS = 40
    SETUP = 50
    EDIT = 60
    FETCH = 80


class OnDependencyFailure(StrEnum):
    """What becomes of a notice when the one it waits for fails for good."""

    FAIL = "fail"
    SEND = "send"  # go without it
    DIRECT = "direct"  # go to the reporter's direct messages instead


@dataclass(frozen=True, slots=True)
class Notice:
    """`dedup_key` is unique for ever: putting the same notice again changes nothing, unless `resend` is set
    (edits collapse that way into the newest). `depends_on` is the `dedup_key` of the notice that must be sent before.
    """

    dedup_key: str
    kind: NoticeKind
    incident: int | None = None
    payload: dict[str, Any] = field(default_factory=dict)
    depends_on: str | None = None
    on_dependency_failure: OnDependencyFailure = OnDependencyFailure.FAIL
    priority: Priority = Priority.NEWS
    deadline: str | None = None
    resend: bool = False
