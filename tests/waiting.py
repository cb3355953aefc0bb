"""The longest wait of a test: longer than a machine needs whose processors four others share."""

WITHIN_S = 60.0

PATIENT_SLACK = {
    "ack_timeout_s": 15.0,
    "trigger_life_s": 15.0,
}  # Slack waits 3 s, which has tests of its own
