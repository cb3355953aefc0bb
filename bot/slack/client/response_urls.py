"""Checks the `response_url` of a payload from Slack, so that answers go to Slack's servers only."""

from __future__ import annotations

from yarl import URL

# Slack answers under other hosts than its API's: hooks.slack.com beside slack.com.
SLACK_DOMAINS = frozenset({"slack.com", "slack-gov.com"})


def trusted_response_url(url: object, api_url: str) -> URL | None:
    """Parse the URL as the HTTP client will. None unless its host is Slack's, or that of the configured API.

    Scheme and port must be those of `api_url`, and a URL with credentials is never trusted.
    """
    try:
        parsed, api = URL(str(url)), URL(api_url)
        if parsed.user is not None or parsed.password is not None or not parsed.host or not api.host:
            return None
        same_origin = (parsed.scheme, parsed.port) == (api.scheme, api.port)
    except (ValueError, TypeError):
        return None
    domain = next((name for name in SLACK_DOMAINS if api.host == name or api.host.endswith(f".{name}")), None)
    trusted = parsed.host == api.host or (domain is not None and parsed.host.endswith(f".{domain}"))
    return parsed if same_origin and trusted else None
