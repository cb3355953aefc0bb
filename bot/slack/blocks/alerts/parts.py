"""Formats the parts of messages about alerts. Texts of alerts are data: escaped, cut, without mentions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.domain.alerts.alert import Alert, AlertStatus
from bot.domain.alerts.group import AlertGroup
from bot.domain.alerts.view import GroupView
from bot.domain.policy.policy import Policy
from bot.slack.blocks import elements, phrases
from bot.slack.text import clip, plain, render

LABEL_LENGTH, LINE_LENGTH, TITLE_LENGTH = 80, 260, 200
HIDDEN_LABELS = frozenset({"alertname", "source", "severity"})
MOST_LABELS = 6
MOST_LINKS = 5
RUNBOOKS = ("runbook_url", "runbook")
DASHBOARDS = ("dashboard_url", "dashboard", "dashboardURL")


def headline(group: AlertGroup) -> str:
    """The state, ID and title of a group."""
    mark = ":rotating_light:" if group.state is AlertStatus.FIRING else ":white_check_mark:"
    mark = ":grey_question:" if group.shown_state == "stale" else mark
    return f"{mark} *{group.id}* · {title(group)}"


def title(group: AlertGroup) -> str:
    """The title, rendered."""
    return clip(_data(group.title), TITLE_LENGTH)


def counts_text(group: AlertGroup, firing: int, resolved: int) -> str:
    """True counts, such as `3 firing, 1 resolved and 7 more, not sent to us · flapped 2 times`."""
    counts = f"{firing} firing" + (f", {resolved} resolved" if resolved else "")
    if group.truncated:
        counts += f" and {group.truncated} more, not sent to us"
    flaps = "flapped once" if group.flaps == 1 else f"flapped {group.flaps} times"
    stale = "stale: nothing is heard of it any more, which is no recovery" if group.shown_state == "stale" else ""
    return elements.join_dots([counts, flaps if group.flaps else "", stale])


def alert_line(alert: Alert, group: AlertGroup, now: datetime) -> str:
    """One alert: its state, name, the labels that the group does not share, value, start."""
    mark = ":red_circle:" if alert.status is AlertStatus.FIRING else ":white_check_mark:"
    shared = dict(group.labels)
    own = [
        f"{name}={value}"
        for name, value in sorted(alert.labels.items())
        if name not in HIDDEN_LABELS and shared.get(name) != value
    ]
    labels = ", ".join(clip(_data(label), LABEL_LENGTH) for label in own[:MOST_LABELS])
    name = clip(_data(alert.name or "alert"), LABEL_LENGTH)
    value = _value(alert)
    line = elements.join_dots([f"{mark} {name}", labels, value, f"since {phrases.at(alert.starts_at, now)}"])
    return clip(line, LINE_LENGTH)


def _value(alert: Alert) -> str:
    """The value and the threshold, as far as the source or an annotation of these names says them."""
    value, limit = alert.value or alert.annotations.get("value", ""), alert.annotations.get("threshold", "")
    over = f"threshold {clip(_data(limit), LABEL_LENGTH)}" if limit else ""
    if not value:
        return over
    return f"value {clip(_data(value), LABEL_LENGTH)}" + (f" ({over})" if over else "")


def services(group: AlertGroup, policy: Policy) -> str:
    """The names of the group's services, rendered; empty if it has none."""
    names = [policy.services[key].name or key if key in policy.services else key for key in group.services]
    return elements.join_comma([_data(name) for name in names], 5)


def reason(view: GroupView) -> str:
    """Why it was decided so, for everybody to read: a private incident is not named."""
    text = view.group.reason
    if view.incident is None or not view.incident.private:
        return text
    return re.sub(rf"{view.incident.id}(?![0-9])", "a private incident", text)


def links(alerts: Sequence[Alert], of_services: Sequence[tuple[str, str]] = ()) -> str:
    """The runbook and the source's page of the first alert that has one, dashboards, and links of the services."""
    runbook = next((link for alert in alerts if (link := _address(alert.annotations, RUNBOOKS))), None)
    source = next((alert.url for alert in alerts if alert.url), None)
    dashboard = next((link for alert in alerts if (link := _address(alert.annotations, DASHBOARDS))), None)
    own = [_link(address, clip(_data(label), LABEL_LENGTH)) for label, address in of_services if _is_link(address)]
    return elements.join_dots(
        [
            _link(runbook, "Runbook") if runbook else "",
            _link(dashboard, "Dashboard") if dashboard else "",
            _link(source, "Show at the source") if source else "",
            *own[:MOST_LINKS],
        ]
    )


def _address(annotations: Mapping[str, str], names: Sequence[str]) -> str | None:
    for name in names:
        address = annotations.get(name, "")
        if _is_link(address):
            return address
    return None


def _is_link(address: str) -> bool:
    return address.startswith(("https://", "http://")) and not set(address) & set("<>|\n \t\r")


def _link(address: str, label: str) -> str:
    return f"<{address.replace('&', '&amp;')}|{label}>"


def _data(text: str) -> str:
    return render(plain(text))
