"""Replays a past incident under another policy, to list the reminders and pages it would have sent. Pure."""
