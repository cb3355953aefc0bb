"""Defines the schema of a policy document: its settings, and the form of each value.

`document` has the whole document, the other modules its parts. The types of values are in `texts`, `times`, `targets`,
`bounds` and `conditions`. `bot.policy.build` builds domain values from a valid document.
"""

from bot.policy.models.alerting_rules import AlertingCondition, AlertingRule, AlertRung
from bot.policy.models.alerts import AlertRoute, Alerts
from bot.policy.models.automation import Automation, Executable, HttpRunner, MatrixRow, ProcessRunner, Runners
from bot.policy.models.classification import Category, CustomField, Rule
from bot.policy.models.document import COLLECTIONS, Document, Nudges, Playbooks
from bot.policy.models.ladders import Ladder, Rung, Trigger, rungs_of
from bot.policy.models.people import Audience, Communications, Contact, MessageTemplate, PersonalMethod, Role
from bot.policy.models.probes import Probe
from bot.policy.models.schedules import ListedShift, Rotation, Schedule, Team
from bot.policy.models.services import Service
from bot.policy.models.severities import Severity
from bot.policy.models.status_page import Component, StatusPage, UptimeWeights

__all__ = [
    "COLLECTIONS", "AlertRoute", "AlertRung", "AlertingCondition", "AlertingRule", "Alerts", "Audience",
    "Automation", "Category", "Communications", "Component", "Contact", "CustomField", "Document", "Executable",
    "HttpRunner", "Ladder", "ListedShift", "MatrixRow", "MessageTemplate", "Nudges", "PersonalMethod", "Playbooks",
    "Probe", "ProcessRunner", "Role", "Rotation", "Rule", "Rung", "Runners", "Schedule", "Service", "Severity",
    "StatusPage", "Team", "Trigger", "UptimeWeights", "rungs_of",
]  # fmt: skip
