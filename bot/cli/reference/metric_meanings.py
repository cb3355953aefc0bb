"""What each metric means, with the values of its labels."""

from __future__ import annotations

from collections.abc import Mapping

PROCESS = (
    "process_resident_memory_bytes",
    "process_virtual_memory_bytes",
    "process_cpu_seconds_total",
    "process_open_fds",
    "process_max_fds",
    "process_start_time_seconds",
)
"""Metrics that the Prometheus client adds by itself."""

MEANINGS: Mapping[tuple[str, ...], str] = {
    ("tocsin_check_ok",): "by `check`: 1 while a check of `/readyz` passes",
    ("tocsin_database_writes_failed_total",): (
        "transactions that the database did not take: a full disk, a read-only volume, a standby, a lost connection"
    ),
    ("tocsin_reminder_lateness_seconds",): "by `kind`: from the due time of a deadline until Tocsin acts on it",
    ("tocsin_scheduler_tick_age_seconds",): "time since the scheduler last ran",
    (
        "tocsin_alerts_total",
    ): "by `source` and `result` (new, repeated, resolved, stale, rejected): alerts and changes received",
    ("tocsin_alert_hook_seconds",): "by `source`: from reading the body of a webhook until its commit",
    ("tocsin_acknowledgement_seconds",): (
        "by `kind` (event, command, press, view; `command_or_press` is the whole request): from a request "
        "of Slack until the answer"
    ),
    ("tocsin_outbox_rows",): "by `state`: notices that are not sent",
    ("tocsin_outbox_oldest_seconds",): "age of the oldest waiting notice",
    (
        "tocsin_outbox_waiting",
        "tocsin_outbox_waiting_seconds",
    ): "the same by `kind` (and `state`): `page_…` and `notify` are pages",
    (
        "tocsin_outbox_results_total",
    ): "by `kind` and `result`: `sent`, `failed`, `retried`, `unknown`, `dropped`, `waits`, `lost_lease`",
    (
        "tocsin_claims_total",
        "tocsin_leases_taken_over_total",
    ): "by `what`: claimed notices and deadlines; claims taken over from a dead holder",
    ("tocsin_deliveries_repeated_total",): "by `kind`: repeated deliveries that Tocsin recognised",
    (
        "tocsin_requests_refused_total",
    ): "by `why`: HTTP requests that were refused unread; the log has one line of a kind every ten seconds",
    (
        "tocsin_not_recorded_total",
    ): "by `kind`: what people or vendors were told was not recorded, and events that Slack has to repeat",
    ("tocsin_build_info",): "1; by `version` and `python`",
    (
        "tocsin_slack_calls_total",
        "tocsin_slack_call_seconds",
    ): "by `method` (and `result`: `ok` or Slack's error name; `ratelimited` is a 429)",
    ("tocsin_slack_waits_total",): "by `method`: calls postponed to keep Slack's limits",
    ("tocsin_slack_strict",): "1 for an hour after Slack refused a call with 429",
    (
        "tocsin_socket_connections",
        "tocsin_sockets_rebuilt_total",
    ): "live Socket Mode connections; dead ones that were replaced",
    ("tocsin_replicas",): "processes that serve this database",
    (
        "tocsin_heartbeats_total",
        "tocsin_heartbeat_sent_timestamp_seconds",
    ): "by `result`: `sent`, `withheld` (a check failed), `failed`; when the last one arrived",
    ("tocsin_incidents_open",): "by `severity`; drills are not counted",
    ("tocsin_alert_groups_firing",): "groups of alerts that fire, by `decision` (`declared`, `asked`, `silenced` …)",
    ("tocsin_jobs",): (
        "by `runner` and `state` (`queued`, `running`, `may_have_run`: a person has to say whether it did; "
        "counted in open incidents only)"
    ),
    ("tocsin_jobs_ended_total",): (
        "by `runner` and `result` of each attempt: `worked`, `failed`, `timed_out`, `too_much` (output), "
        "`stopped` in the middle, `not_started`"
    ),
    (
        "tocsin_rules",
    ): "alerting rules evaluated by this process, by `state` (`inactive`, `pending`, `firing`, `unknown`)",
    ("tocsin_rule_evaluations_total",): "by `result`: `ok`, `unknown` (too little history), `failed`, `unreachable`",
    (
        "tocsin_rule_evaluation_seconds",
        "tocsin_rule_lateness_seconds",
    ): "how long an evaluation took, and how late it began",
    ("tocsin_probe_up",): "by `probe`: 1 while it is up, else 0",
    (
        "tocsin_probe_requests_total",
        "tocsin_probe_seconds",
    ): "requests by `probe` and `result` (`good`, `bad`), and how long answers took",
    ("tocsin_walks", "tocsin_walk_steps"): (
        "playbook runs in open incidents, by `kind` (`playbook`, `checklist`), and their steps, by `state`; "
        "drills are not counted"
    ),
    ("tocsin_policy_stale", "tocsin_policy_reloads_total"): "1 while the policy file is invalid; reloads, by `result`",
    (
        "incident_mttr_seconds",
        "incident_detection_time_seconds",
        "incident_triage_time_seconds",
        "incident_mitigation_time_seconds",
    ): "by severity, the mean of the last 30 days; refreshed every five minutes ([figures](../figures.md))",
    (
        "incident_auto_remediation_rate",
        "incident_manual_intervention_rate",
    ): "the share of resolved incidents in which a playbook's step ran by itself, and of the others",
}
"""Names, and in Markdown what they mean. Links start from `docs/reference`."""
