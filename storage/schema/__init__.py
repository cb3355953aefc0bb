"""Defines the tables as they are now; `migrations` has their history, and a test keeps the two the same.

A column with a `key` is read and written by that name in code, and keeps its older name in the database.
"""

from __future__ import annotations

from storage.schema.actions import action_items
from storage.schema.alerts import (
    alert_deadlines,
    alert_groups,
    alert_inhibitors,
    alert_occurrences,
    alert_proposals,
    alert_silences,
    alerts,
)
from storage.schema.base import metadata
from storage.schema.changes import service_changes
from storage.schema.communications import communications
from storage.schema.console import console_sessions, login_links, sign_in_attempts
from storage.schema.heartbeats import alert_heartbeats
from storage.schema.imports import imports
from storage.schema.incidents import chains, counters, incident_words, incidents, threads, timeline
from storage.schema.memberships import membership_reports
from storage.schema.outbox import cursors, deadlines, deliveries, outbox
from storage.schema.paging import team_turns
from storage.schema.past_alerts import past_alert_words, past_alerts
from storage.schema.people import homes, names, overrides, reads, shifts
from storage.schema.playbooks import jobs, playbook_reminders, playbooks, walks
from storage.schema.policies import meta, policies
from storage.schema.review_exports import review_exports
from storage.schema.reviews import review_drafts, review_texts
from storage.schema.rules import probe_days, probe_states, rule_states, rule_switches, worker_leases
from storage.schema.shadow import shadow_pages
from storage.schema.statuspage import handed_mails, mailings, publications, subscribers
from storage.schema.tickets import tickets
from storage.schema.tokens import api_requests, api_tokens

__all__ = [
    "action_items", "alert_deadlines", "alert_groups", "alert_heartbeats", "alert_inhibitors", "alert_occurrences",
    "alert_proposals", "alert_silences", "alerts", "api_requests", "api_tokens", "chains", "communications",
    "console_sessions", "counters", "cursors", "deadlines", "deliveries", "handed_mails", "homes", "imports",
    "incident_words", "incidents", "jobs", "login_links", "mailings", "membership_reports", "meta", "metadata",
    "names", "outbox", "overrides", "past_alert_words", "past_alerts", "playbook_reminders", "playbooks", "policies",
    "probe_days", "probe_states", "publications", "reads", "review_drafts", "review_exports", "review_texts",
    "rule_states", "rule_switches", "service_changes", "shadow_pages", "shifts", "sign_in_attempts", "subscribers",
    "team_turns", "threads", "tickets", "timeline", "walks", "worker_leases",
]  # fmt: skip
