"""Lists the sources of alerts by their names."""

from __future__ import annotations

from bot.integrations.alerts import (
    alertmanager,
    cloudwatch,
    datadog,
    events,
    grafana,
    opsgenie,
    pagerduty,
    sentry,
)
from bot.integrations.alerts.protocol import Source

_MODULES = (alertmanager, cloudwatch, datadog, events, grafana, opsgenie, pagerduty, sentry)
SOURCES: dict[str, Source] = {module.SOURCE.name: module.SOURCE for module in _MODULES}
