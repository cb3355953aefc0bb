"""Says for each kind of integration where its sender has to send from now on, with the line to paste there."""

from __future__ import annotations

_TOKEN = "$TOCSIN_HOOK_TOKEN"  # noqa: S105 - the name of a variable
# A word of the integration's kind → the hook, and the line to paste. The first that fits decides.
_SENDERS = (
    ("alertmanager", "alertmanager", "In alertmanager.yml: webhook_configs: [{{url: {url}, send_resolved: true, "
     "http_config: {{authorization: {{credentials: {token}}}}}}}]."),
    ("prometheus", "alertmanager", "In alertmanager.yml: webhook_configs: [{{url: {url}, send_resolved: true, "
     "http_config: {{authorization: {{credentials: {token}}}}}}}]."),
    ("grafana", "grafana", "In Grafana, a contact point of the type Webhook: URL {url}, authorization header scheme "
     "Bearer, credentials {token}."),
    ("datadog", "datadog", "In Datadog, Integrations, Webhooks: URL {url}, custom header "
     '{{"Authorization": "Bearer {token}"}}.'),
    ("cloudwatch", "cloudwatch", "aws sns subscribe --protocol https --notification-endpoint {url}"),
    ("sns", "cloudwatch", "aws sns subscribe --protocol https --notification-endpoint {url}"),
    ("sentry", "sentry", "In Sentry, an internal integration with the webhook URL {url}."),
    ("pagerduty", "pagerduty", "In PagerDuty, a V3 webhook subscription to {url}."),
    ("opsgenie", "opsgenie", "In Opsgenie, an outgoing webhook to {url}, custom header Authorization: Bearer {token}."),
    ("webhook", "events", 'curl -H "Authorization: Bearer {token}" -H "Content-Type: application/json" '
     """-d '{{"title": "…", "severity": "…"}}' {url}"""),
    ("api", "events", 'curl -H "Authorization: Bearer {token}" -H "Content-Type: application/json" '
     """-d '{{"title": "…", "severity": "…"}}' {url}"""),
    ("events", "events", 'curl -H "Authorization: Bearer {token}" -H "Content-Type: application/json" '
     """-d '{{"title": "…", "severity": "…"}}' {url}"""),
)  # fmt: skip


def instruction(vendor: str, address: str) -> str | None:
    """The text to paste at a sender; None for one whose alerts cannot be read."""
    kind = "".join(letter for letter in vendor.lower() if letter.isalnum())
    for word, hook, words in _SENDERS:
        if word in kind:
            return words.format(url=f"{address.rstrip('/')}/hooks/{hook}", token=_TOKEN)
    return None
