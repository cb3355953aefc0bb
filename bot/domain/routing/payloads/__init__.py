"""Defines the payloads of notices (messages to send), one dataclass for each shape, in a module for each subject.

Rows live longer than a version of the bot: field names are JSON keys and stay; new fields have defaults, and readers
ignore fields that they do not know (`storage.outbox.payloads`).
"""

from bot.domain.routing.payloads.alerts import (
    AlertGroupPayload,
    AlertPagePayload,
    ProposalPayload,
)
from bot.domain.routing.payloads.channel import (
    BookmarkPayload,
    ChannelLookPayload,
    ChannelLostPayload,
    MemberRemovedPayload,
    MovedPayload,
)
from bot.domain.routing.payloads.communications import (
    BriefingPayload,
    CommunicationPayload,
    CommunicationTestPayload,
    CopyPayload,
    PublicationPayload,
    SubscriberPayload,
    WebhookPayload,
    WebhookTestPayload,
)
from bot.domain.routing.payloads.digests import DigestPayload, GatherPayload
from bot.domain.routing.payloads.entries import (
    ContinuationPayload,
    EntriesPayload,
    UpdatePayload,
)
from bot.domain.routing.payloads.figures import ShadowReportPayload, SheetMailPayload, WeeklyDigestPayload
from bot.domain.routing.payloads.nudges import NudgePayload, NudgeSettledPayload
from bot.domain.routing.payloads.on_call import (
    OperatorsPayload,
    RelievedPayload,
    ShiftOfferPayload,
    UsergroupPayload,
)
from bot.domain.routing.payloads.pages import (
    AlertFollowUpPayload,
    ChannelPagePayload,
    DrillPagePayload,
    PagePayload,
    PageSettledPayload,
    PersonPagePayload,
)
from bot.domain.routing.payloads.payload import Payload
from bot.domain.routing.payloads.people import (
    ActionPayload,
    ActionReminderEditPayload,
    ActionReminderPayload,
    DutiesPayload,
    ReviewExportPayload,
    ReviewInvitePayload,
    ReviewPointPayload,
    ReviewQuestionsPayload,
    TicketPayload,
    UnfurlPayload,
    UserPayload,
)
from bot.domain.routing.payloads.playbook_runs import (
    ApprovalPayload,
    JobLeftoversPayload,
    JobPayload,
    JobSettledPayload,
    RunPayload,
    StepOverduePayload,
)
from bot.domain.routing.payloads.settled import RoleSettledPayload, SettledPayload

__all__ = [
    "ActionPayload",
    "ActionReminderEditPayload",
    "ActionReminderPayload",
    "AlertFollowUpPayload",
    "AlertGroupPayload",
    "AlertPagePayload",
    "ApprovalPayload",
    "BookmarkPayload",
    "BriefingPayload",
    "ChannelLookPayload",
    "ChannelLostPayload",
    "ChannelPagePayload",
    "CommunicationPayload",
    "CommunicationTestPayload",
    "ContinuationPayload",
    "CopyPayload",
    "DigestPayload",
    "DrillPagePayload",
    "DutiesPayload",
    "EntriesPayload",
    "GatherPayload",
    "JobLeftoversPayload",
    "JobPayload",
    "JobSettledPayload",
    "MemberRemovedPayload",
    "MovedPayload",
    "NudgePayload",
    "NudgeSettledPayload",
    "OperatorsPayload",
    "PagePayload",
    "PageSettledPayload",
    "Payload",
    "PersonPagePayload",
    "ProposalPayload",
    "PublicationPayload",
    "RelievedPayload",
    "ReviewExportPayload",
    "ReviewInvitePayload",
    "ReviewPointPayload",
    "ReviewQuestionsPayload",
    "RoleSettledPayload",
    "RunPayload",
    "SettledPayload",
    "ShadowReportPayload",
    "SheetMailPayload",
    "ShiftOfferPayload",
    "StepOverduePayload",
    "SubscriberPayload",
    "TicketPayload",
    "UnfurlPayload",
    "UpdatePayload",
    "UserPayload",
    "UsergroupPayload",
    "WebhookPayload",
    "WebhookTestPayload",
    "WeeklyDigestPayload",
]
