"""How long a claimed row belongs to the process that claimed it."""

from __future__ import annotations

from datetime import timedelta

LEASE = timedelta(seconds=30)  # longer than the 10 s time-out of a call to Slack
