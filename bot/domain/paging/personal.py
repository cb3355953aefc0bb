"""Decides by which of their own methods a person is paged, and which follow while they do not answer."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

from bot.domain.paging.people import Person
from bot.domain.policy.policy import Contact, PersonalMethod

AT_ONCE = timedelta.max  # of a page that waits for nothing: all of a person's methods are used
_SHARED = ("pagerduty", "webhook")  # reach recipients of the operator's settings


def usable(person: Person, severity: str, configured: Collection[str]) -> tuple[PersonalMethod, ...]:
    """The person's own methods at this severity that reach them, in order; none where the rung's are used."""
    return tuple(
        step
        for step in person.methods
        if (not step.severities or severity in step.severities)
        and (step.method == "slack" or step.method in configured)
        and person.reachable_by(step.method)
    )


def methods_now(
    person: Person, by: Sequence[str], severity: str, configured: Collection[str], elapsed: timedelta
) -> tuple[str, ...]:
    """The methods of a page `elapsed` after the first one: the person's own, and those of the rung that are shared.

    Without methods of their own, those of the rung. The first of their own is used at once.
    """
    steps = usable(person, severity, configured)
    if not steps:
        return tuple(by)
    own = [step.method for step in steps if wait_of(step, steps) <= elapsed]
    return tuple(dict.fromkeys([*own, *(method for method in by if method in _SHARED)]))


def wait_of(step: PersonalMethod, steps: Sequence[PersonalMethod]) -> timedelta:
    """The time after the first page at which a method follows."""
    return step.after - steps[0].after


def following(contact: Contact, severity: str) -> tuple[tuple[PersonalMethod, timedelta], ...]:
    """The methods of a contact that come after the first, each with the time from the first page to it."""
    steps = [step for step in contact.methods if not step.severities or severity in step.severities]
    return tuple((step, wait_of(step, steps)) for step in steps if wait_of(step, steps) > timedelta())
