"""Defines how long a claimed row belongs to the process that claimed it."""

from __future__ import annotations

from datetime import timedelta

# Longer than the time-out of a call to Slack, which is 10 s: a lease must not end while an answer may still come.
LEASE = timedelta(seconds=30)
