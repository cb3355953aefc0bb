"""A small policy for domain tests: nothing of a preset, and other names than sev1 … sev5."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.domain.oncall.schedule import OnCall
from bot.domain.paging.context import PagingContext
from bot.domain.policy.policy import Contact, NudgeRules, Policy, Role, Rung, Severity, Until
from bot.domain.values.target import Target

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

FATAL = Severity(
    key="fatal",
    name="Fatal",
    respond_within=5 * MINUTE,
    update_every=15 * MINUTE,
    escalate_after=30 * MINUTE,
    roles=("commander", "scribe"),
    ladder=(
        Rung(timedelta(0), (Target.parse("user:UPRIMARY"),)),
        Rung(10 * MINUTE, (Target.parse("contact:second"), Target.parse("role:scribe"))),
        Rung(60 * MINUTE, (Target.parse("channel:#bosses"),), until=Until.RESOLVED, repeat=20 * MINUTE),
    ),
)
BAD = Severity(
    key="bad",
    name="Bad",
    respond_within=15 * MINUTE,
    update_every=30 * MINUTE,
    escalate_after=60 * MINUTE,
    roles=("commander",),
    ladder=(
        Rung(timedelta(0), (Target.parse("user:UPRIMARY"),)),
        Rung(20 * MINUTE, (Target.parse("schedule:nobody"),)),
    ),
)
MILD = Severity(key="mild", name="Mild")
POLICY = Policy(
    name="test",
    severities=(FATAL, BAD, MILD),
    roles=(Role("commander", "Incident commander"), Role("scribe", "Scribe"), Role("expert", "Subject matter expert")),
    announce="#incidents",
    contacts={"second": Contact("second", slack="USECOND")},
    nudges=NudgeRules(),
    digest="d",
)


def nobody_on_call(name: str, at: datetime) -> tuple[str, ...]:
    return ()


def paging(at: datetime = NOON, policy: Policy = POLICY, on_call: OnCall = nobody_on_call) -> PagingContext:
    """A page at this instant, with Slack alone."""
    return PagingContext(policy, on_call, frozenset(), at)
