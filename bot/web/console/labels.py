"""The words of the forms' fields: what a field is called, the hint below it, and which fields no form shows."""

from __future__ import annotations

LABELS = {
    "next_in": "Next update in", "user": "Person", "users": "People", "impact_ended_at": "Customer impact ended",
    "detected_at": "Detected at", "private": "Private: only for those invited", "into": "Incident", "to": "Incident",
    "expires": "Valid for", "plays": "Plays a past incident", "slack_down": "Slack is down for",
    "accept_findings": "I have looked at the findings: send it as it is", "starts_at": "From", "ends_at": "Until",
}  # fmt: skip
_OF_OPERATION = {
    ("declare_incident", "description"): "What is happening?",
    ("declare_incident", "services"): "Affected services",
    ("declare_incident", "at"): "At what speed",
    ("post_update", "text"): "What changed?",
    ("resolve_incident", "summary"): "What fixed it?",
    ("add_note", "text"): "Note",
    ("note_step", "text"): "Note",
    ("snooze_incident", "duration"): "For how long",
    ("promise_update", "duration"): "Next update in",
    ("answer_handover", "accept"): "Do you take it?",
    ("fire_trigger", "trigger"): "What happened?",
    ("record_impact", "services"): "Affected services",
    ("record_impact", "users"): "Users affected, per cent",
    ("record_impact", "error_rate"): "Error rate, per cent",
    ("record_impact", "latency"): "Latency, times slower",
    ("record_impact", "revenue"): "Revenue lost, in your currency",
    ("record_impact", "core"): "A core service is affected",
    ("record_impact", "data_loss"): "Data is lost",
    ("record_impact", "security"): "Security is affected",
    ("record_impact", "public_relations"): "The public notices",
    ("record_impact", "sla_breach"): "SLA breached",
    ("record_impact", "customers_told"): "Customers are told",
    ("tag_incident", "add"): "Tags to add",
    ("tag_incident", "remove"): "Tags to take away",
    ("tag_incident", "replace"): "Take away all other tags",
    ("redact_entry", "seq"): "Number of the entry",
    ("dismiss_alerts", "why"): "What was it?",
    ("add_silence", "labels"): "Labels of the alerts",
    ("add_silence", "duration"): "For how long",
    ("cover_schedule", "duration"): "For how long",
    ("cover_schedule", "layer"): "Only this layer",
    ("publish", "impact"): "Impact, in customers' words",
    ("publish", "components"): "How the components are",
    ("publish", "started_at"): "Began at",
    ("publish", "resolved_at"): "Ended at",
    ("update_publication", "components"): "How the components are now",
    ("update_publication", "title"): "New title",
    ("update_publication", "impact"): "Impact, in customers' words",
    ("update_publication", "at"): "At",
    ("resolve_publication", "at"): "All is well since",
    ("correct_publication", "message"): "The corrected message",
    ("correct_publication", "update"): "Which update, counted from 1",
    ("correct_publication", "title"): "The corrected title",
    ("correct_publication", "impact"): "The corrected impact",
    ("correct_publication", "notify"): "Tell subscribers of the correction",
    ("schedule_maintenance", "automatic"): "Begins and ends by itself",
    ("schedule_maintenance", "remind"): "Remind subscribers an hour before",
    ("schedule_maintenance", "silence"): "Silence the components' alerts meanwhile",
    ("add_subscriber", "kind"): "By",
    ("add_subscriber", "components"): "Told of",
    ("enable_rule", "reason"): "Why?",
    ("disable_rule", "reason"): "Why?",
    ("create_token", "as"): "Acts as",
    ("create_token", "scopes"): "May",
    ("create_action", "kind"): "How it helps next time",
    ("schedule_review", "at"): "Takes place at",
}
HINTS = {
    ("add_silence", "labels"): "Such as alertname=HighErrors service=api; all of them must fit.",
    ("snooze_incident", "duration"): "Such as 30m; off ends it.",
    ("promise_update", "duration"): "Such as 30m or 2h.",
    ("post_update", "next_in"): "Such as 30m or 2h; by the severity's cadence, if left out.",
    ("declare_incident", "plays"): "What came in then comes in again. Such as INC-42.",
    ("declare_incident", "at"): "So many times as fast as it was, such as 10x.",
    (
        "declare_incident",
        "slack_down",
    ): "Rehearses an outage: so long nothing of the drill goes to Slack. Such as 30m.",
    ("declare_incident", "detected_at"): "If it was noticed before now. In UTC.",
    ("redact_entry", "seq"): "It stands beside each entry of the timeline, such as #12.",
    ("publish", "started_at"): "Only for what is published later. In UTC.",
    ("publish", "resolved_at"): "Only for what is over already. In UTC.",
    ("publish", "incident"): "Such as INC-7, if it is one of yours. Customers do not see it.",
    ("fill_run", "values"): "Such as service=api container=db-1",
    ("add_subscriber", "components"): "Nothing ticked: of everything.",
    ("tag_incident", "replace"): "Only those you add stay.",
    ("subscribe_channel", "channel"): "Its ID, such as C0123ABCD. In Slack, the details of a channel end with it.",
    ("subscribe_channel", "component"): "All of them, if left out.",
    ("create_token", "scopes"): "read sees; write does what its person may; admin also policy, tokens and subscribers.",
    ("create_token", "expires"): "Such as 90d; for ever, if left out.",
}
_LABEL_SAYS_IT = (
    ("schedule_maintenance", "automatic"), ("schedule_maintenance", "remind"), ("schedule_maintenance", "silence"),
    ("correct_publication", "notify"), ("record_impact", "users"), ("record_impact", "error_rate"),
    ("record_impact", "latency"), ("send_communication", "accept_findings"),
    ("correct_communication", "accept_findings"),
)  # fmt: skip
HINTS |= dict.fromkeys(_LABEL_SAYS_IT, "")
HIDDEN = frozenset(
    {
        ("add_note", "link"),  # Slack's form does not ask for it either
        ("page_people", "user"),  # `users` takes one as well
        ("escalate_incident", "rung"),  # for programs that repeat themselves
        ("apply_policy", "digest"),  # the one in force
    }
)


def label_of(operation: str, name: str) -> str:
    """The label of a field."""
    return _OF_OPERATION.get((operation, name)) or LABELS.get(name) or name.replace("_", " ").capitalize()
