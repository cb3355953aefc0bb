"""Where answers may go: addresses that payloads carry are followed to Slack only."""

from __future__ import annotations

from yarl import URL

# Slack answers under other names of its own than the one its API has: hooks.slack.com beside slack.com.
SLACK_DOMAINS = frozenset({"slack.com", "slack-gov.com"})


def trusted_response_url(url: object, api_url: str) -> URL | None:
    """The address, read as the client will read it; None where it is not Slack's, or not the configured one's."""
    try:
        given, api = URL(str(url)), URL(api_url)
        if given.user is not None or given.password is not None or not given.host or not api.host:
            return None
        same_door = (given.scheme, given.port) == (api.scheme, api.port)
    except (ValueError, TypeError):
        return None
    family = next((name for name in SLACK_DOMAINS if api.host == name or api.host.endswith(f".{name}")), None)
    ours = given.host == api.host or (family is not None and given.host.endswith(f".{family}"))
    return given if same_door and ours else None
