"""Defines the results of taking a cover (an on-call shift for another person) and of giving covers up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.oncall.schedule import Gap, Override, Shift


@dataclass(frozen=True, slots=True)
class CoverResult:
    """The cover that was added, and the shifts that it takes over."""

    override: Override
    instead_of: tuple[str, ...]  # contacts or Slack IDs on call without it, in order, each once; never the person
    uncovered: tuple[Gap, ...]  # times within it at which nobody would be on call


@dataclass(frozen=True, slots=True)
class CoverEnd:
    """The covers that were ended, and who is on call instead."""

    ended: tuple[Override, ...]
    at: datetime  # the first instant that they no longer cover
    shifts: tuple[Shift, ...]  # the shifts at that instant; none: nobody is on call then
    overrides: tuple[Override, ...]  # that are still in force
    before: tuple[str, ...] = ()  # who was on call at that instant with the covers
