"""Defines the view of a group of alerts that people see."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.alerts.alert import Alert
from bot.domain.alerts.group import AlertGroup
from bot.domain.incident import Incident


@dataclass(frozen=True, slots=True)
class AlertTotals:
    """The numbers of groups and alerts of a list, of which people see the first."""

    groups: int
    firing: int  # groups
    alerts: int


@dataclass(frozen=True, slots=True)
class GroupView:
    """A group with its first alerts, true counts, and its incident."""

    group: AlertGroup
    alerts: tuple[Alert, ...]  # the first of them, those that fire before the others
    firing: int
    resolved: int
    incident: Incident | None = None
