"""Answers go to Slack's servers only."""

from __future__ import annotations

import pytest

from bot.slack.client.response_urls import trusted_response_url

API = "https://slack.com/api/"


@pytest.mark.parametrize(
    ("url", "api", "trusted"),
    [
        ("https://hooks.slack.com/actions/T1/1/x", API, True),
        ("https://hooks.slack-gov.com/x", "https://slack-gov.com/api/", True),
        ("https://hooks.slack-gov.com/x", API, False),
        ("https://slack.com.evil.io/x", API, False),
        ("https://evilslack.com/x", API, False),
        ("http://hooks.slack.com/x", API, False),
        ("https://hooks.slack.com:8443/x", API, False),
        ("https://user:pw@hooks.slack.com/x", API, False),
        ("http://127.0.0.1:9000/answer", "http://127.0.0.1:9000/api/", True),
        ("http://127.0.0.1:9001/answer", "http://127.0.0.1:9000/api/", False),
        (None, API, False),
        ("not a URL", API, False),
    ],
)
def test_a_response_url_is_trusted_only_on_slacks_hosts(url: object, api: str, trusted: bool) -> None:
    assert (trusted_response_url(url, api) is not None) is trusted
