"""Defines a notice: a message to send or a call to make, stored by its meaning instead of rendered text.

Senders render a notice when they send it, so that a late message is still true.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any


class NoticeKind(StrEnum):
    """The kind of a notice, by its meaning. The values are stored in the outbox and must not change."""

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
    CONTINUATION = "continuation"
    TRIAGE = "triage"
    TRIAGE_EDIT = "triage_edit"
    CHANNEL_LOOK = "channel_look"  # whether the channel can be used, and what was missed there
    CHANNEL_LOST = "channel_lost"
    MEMBER_REMOVED = "member_removed"
    MOVED = "moved"  # takes the buttons off a direct message that is posted in the channel now
    GATHER = "gather"  # gathers the messages of a Slack outage into digests
    DIGEST = "digest"
    # Outside it
    ANNOUNCE = "announce"
    ANNOUNCE_EDIT = "announce_edit"
    THREAD = "thread"
    BRIEFING = "briefing"
    BRIEFING_EDIT = "briefing_edit"
    BRIEFING_OVER = "briefing_over"
    # Communications to audiences
    COMMS_SLACK = "comms_slack"
    COMMS_MAIL = "comms_mail"
    COMMS_WEBHOOK = "comms_webhook"
    COMMS_TEST = "comms_test"
    COMMS_RECEIPT = "comms_receipt"  # in the incident's channel: who was told what
    COMMS_RECEIPT_EDIT = "comms_receipt_edit"
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
    PAGE_REFRESH = "page_refresh"  # names the channel in a page that was sent before there was one
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
    # Any message of ours
    REWRITE = "rewrite"
    # Private answers
    ANSWER = "answer"
    DECLARED = "declared"
    # Alerts
    ALERT_CARD = "alert_card"
    ALERT_CARD_EDIT = "alert_card_edit"
    ALERTS = "alerts"  # the message of an incident that lists its groups of alerts
    ALERTS_EDIT = "alerts_edit"
    ALERT_PAGE = "alert_page"  # in Slack, to a person or a channel
    ALERT_PAGE_EDIT = "alert_page_edit"
    ALERT_PAGE_VENDOR = "alert_notify"  # by PagerDuty, e-mail, SMS or webhook
    ALERTS_RESOLVED = "alerts_resolved"  # asks whether the incident is resolved, since its alerts are
    ALERTS_RESOLVED_EDIT = "alerts_resolved_edit"
    # Afterwards
    ACTION_ASSIGNED = "action_assigned"
    ACTION_REMINDER = "action_reminder"
    ACTION_REMINDER_EDIT = "action_reminder_edit"  # brings a reminder up to date
    REVIEW = "review"
    REVIEW_EDIT = "review_edit"
    REVIEW_QUESTIONS = "review_questions"
    REVIEW_PUBLISHED = "review_published"
    REVIEW_REMINDER = "review_reminder"
    WEEKLY_DIGEST = "weekly_digest"
    SHEET_MAIL = "sheet_mail"  # the emergency sheet, to one address
    SHADOW_REPORT = "shadow_report"  # the day in shadow mode
    REVIEW_CANVAS = "review_canvas"  # creates the canvas of the review, or brings it up to date
    REVIEW_POINT = "review_point"  # in the thread of the review: a point of the agenda begins
    REVIEW_INVITE = "review_invite"  # by e-mail: the meeting, for a calendar
    REVIEW_EXPORT = "review_export"  # writes the review into a wiki, such as Confluence
    WEBHOOK = "webhook"  # an event, for another program
    WEBHOOK_TEST = "webhook_test"  # an event of the type `test`, since somebody asked for it
    TICKET = "ticket"  # in a tracker, such as GitHub
    TICKET_MOVE = "ticket_move"  # close or reopen it there
    # The status page
    STATUS_CONFIRM = "status_confirm"
    STATUS_MAIL = "status_mail"
    STATUS_CHANNEL = "status_channel"
    STATUS_WEBHOOK = "status_webhook"  # also the first message, which asks to confirm
    STATUSPAGE_COPY = "statuspage_copy"  # at Atlassian Statuspage
    STATUS_RECEIPT = "status_receipt"  # in the incident's channel: the publication and its author
    # The workspace
    HOME = "home"
    USERGROUP = "usergroup"
    RELIEVED = "relieved"
    OPERATORS = "operators"
    UNFURL = "unfurl"  # shows what a link to an incident leads to
    POLICY_REFUSED = "policy_refused"
    POLICY_VALID = "policy_mended"


PAGER_KINDS = frozenset({NoticeKind.PAGE_VENDOR, NoticeKind.ALERT_PAGE_VENDOR})  # sent by bot/senders/pages.py
# Sent by bot/senders/communications.py; all others are sent by Slack's senders.
INVITE_KINDS = frozenset({NoticeKind.REVIEW_INVITE})  # sent by bot/senders/invitations.py
MAIL_KINDS = frozenset({NoticeKind.COMMS_MAIL, NoticeKind.COMMS_WEBHOOK})
SHEET_KINDS = frozenset({NoticeKind.SHEET_MAIL})  # sent by bot/senders/sheet.py
WEBHOOK_KINDS = frozenset({NoticeKind.WEBHOOK, NoticeKind.WEBHOOK_TEST})  # sent by bot/senders/webhooks.py
TICKET_KINDS = frozenset({NoticeKind.TICKET, NoticeKind.TICKET_MOVE})  # sent by bot/senders/tickets.py
# To subscribers of the status page: many at once, and of no incident.
WIKI_KINDS = frozenset({NoticeKind.REVIEW_EXPORT})  # sent by bot/senders/wikis.py
SUBSCRIBER_KINDS = frozenset({NoticeKind.STATUS_MAIL, NoticeKind.STATUS_CHANNEL, NoticeKind.STATUS_WEBHOOK})
COPY_KINDS = frozenset({NoticeKind.STATUSPAGE_COPY})  # sent by bot/senders/statuspage.py
SUBSCRIBER_WEBHOOK_KINDS = frozenset({NoticeKind.STATUS_WEBHOOK})  # sent by bot/senders/subscriber_webhooks.py
# Sent by bot/senders/subscribers.py.
SUBSCRIBER_MAIL_KINDS = frozenset({NoticeKind.STATUS_CONFIRM, NoticeKind.STATUS_MAIL})


class Priority(IntEnum):
    """The order of sending. A lower number goes first: a page never waits behind a card."""

    PAGE = 0
    CHANNEL = 10
    CARD = 20
    ANSWER = 25
    BUTTONS = 28  # edits that change what buttons do, before those that only change what is read
    NUDGE = 30
    NEWS = 40
    SETUP = 50
    EDIT = 60
    SUBSCRIBERS = 70
    FETCH = 80


class OnDependencyFailure(StrEnum):
    """The effect on a notice when the one that it depends on fails for good."""

    FAIL = "fail"
    SEND = "send"  # go without it
    DIRECT = "direct"  # go to the reporter's direct messages instead


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to send or call to make. Queueing its `dedup_key` again changes nothing, except with `resend`."""

    dedup_key: str  # unique for ever
    kind: NoticeKind
    incident: int | None = None  # None for the workspace's notices
    payload: dict[str, Any] = field(default_factory=dict)  # JSON of one of `payloads`
    depends_on: str | None = None  # dedup key of the notice that must be sent first
    on_dependency_failure: OnDependencyFailure = OnDependencyFailure.FAIL
    priority: Priority = Priority.NEWS
    deadline: str | None = None  # key of the deadline that it serves
    resend: bool = False  # send again with the new payload; edits collapse into the newest this way
    look_since: datetime | None = None  # real time: it may have been sent since then, so it is looked for first
