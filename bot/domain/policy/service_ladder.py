"""Lets an incident page by the ladder of an affected service, in place of its severity's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.policy.policy import Policy, Rung, Severity


def for_services(policy: Policy, services: Sequence[str]) -> Policy:
    """The policy as it holds for an incident of these services. Applying it again for others is safe.

    The first service that names a ladder decides. Severities that page nobody stay quiet.
    """
    if not policy.ladders:
        return policy
    ladder = ladder_of(policy, services)
    severities = tuple(_with_ladder(severity, ladder) for severity in policy.severities)
    return policy if severities == policy.severities else replace(policy, severities=severities)


def ladder_of(policy: Policy, services: Sequence[str]) -> tuple[Rung, ...] | None:
    """The ladder of the first of these services that names one; None if the severity's applies."""
    ladder_names = (policy.services[key].ladder for key in services if key in policy.services)
    return next((policy.ladders[name] for name in ladder_names if name in policy.ladders), None)


def _with_ladder(severity: Severity, ladder: tuple[Rung, ...] | None) -> Severity:
    own = severity.ladder if severity.own_ladder is None else severity.own_ladder
    if ladder is None or not own:
        return replace(severity, ladder=own, own_ladder=None)
    return replace(severity, ladder=ladder, own_ladder=own)
