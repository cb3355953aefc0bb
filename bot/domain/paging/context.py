"""Gathers what a decision to page needs beside the incident: policy, people on call, methods and the time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.domain.oncall.schedule import OnCall, Override, is_unreachable, next_shifts, on_call_lookup
from bot.domain.paging.directory import Directory
from bot.domain.paging.people import next_method, person_by_address
from bot.domain.policy.policy import Policy


@dataclass(frozen=True, slots=True)
class PagingContext:
    """The policy, the people on call, the paging methods and the instant. People have their Slack ID if it is known."""

    policy: Policy
    on_call: OnCall
    methods: Collection[str]  # that are set up, besides Slack
    now: datetime
    directory: Directory = field(default_factory=Directory)
    next_on_call: OnCall = field(default=lambda schedule, at: ())  # who is on call next
    turns: Mapping[str, int] = field(default_factory=dict)  # by team: how often one of its members was paged in turn


def paging_context(
    policy: Policy,
    overrides: Sequence[Override],
    directory: Directory,
    methods: Collection[str],
    now: datetime,
    turns: Mapping[str, int] = {},
) -> PagingContext:
    """The context of a page. Covers and imported shifts of people whom nothing reaches give way to the rotation.

    Where the rotation has nobody either, those people are named all the same, so that the reason can be told.
    """
    directory = directory.with_contacts(policy)
    resolved_policy = directory.with_users(policy)
    alive = [override for override in overrides if can_be_reached(override.member, resolved_policy, directory, methods)]
    reachable, rostered = on_call_lookup(resolved_policy, alive), on_call_lookup(resolved_policy, overrides)

    def on_call(schedule: str, at: datetime) -> tuple[str, ...]:
        return reachable(schedule, at) or rostered(schedule, at)

    def next_on_call(name: str, at: datetime) -> tuple[str, ...]:
        schedule = resolved_policy.schedules.get(name)
        coming = next_shifts(schedule, at, alive) if schedule is not None else ()
        return tuple(shift.member for shift in coming)

    return PagingContext(
        resolved_policy, directory.calendar(on_call), methods, now, directory, directory.calendar(next_on_call), turns
    )


def can_be_reached(member: str, policy: Policy, directory: Directory, methods: Collection[str]) -> bool:
    """Whether some method reaches a member of a schedule, as far as is known."""
    if is_unreachable(member, policy):
        return False
    person = person_by_address(directory.user(member), policy)
    person = replace(person, problem=directory.problem(person.slack))
    return next_method(person, tuple(methods), (), methods) is not None
