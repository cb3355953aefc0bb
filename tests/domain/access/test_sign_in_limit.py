"""Whose address a failed sign-in counts for."""

from __future__ import annotations

import pytest

from bot.domain.access.sign_in_limit import client_of, network_of


def test_one_network_of_ipv6_is_one_address() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::2") == "2001:db8::"
    assert network_of("2001:db8:0:1::1") != network_of("2001:db8::1")
    assert network_of("::ffff:192.0.2.1") == "192.0.2.1"
    assert network_of("localhost") == network_of(None) == "unknown"


@pytest.mark.parametrize(
    ("remote", "forwarded", "proxies", "client"),
    [
        ("192.0.2.1", "198.51.100.9", "", "192.0.2.1"),  # no proxy is known: the header is the client's own claim
        ("10.0.0.1", "198.51.100.9", "10.0.0.0/8", "198.51.100.9"),
        ("10.0.0.1", "203.0.113.5, 198.51.100.9", "10.0.0.0/8", "198.51.100.9"),  # the first was made up
        ("10.0.0.1", "198.51.100.9, 10.0.0.2", "10.0.0.0/8", "198.51.100.9"),  # two proxies
        ("192.0.2.1", "203.0.113.5", "10.0.0.0/8", "192.0.2.1"),  # past the proxy
        ("10.0.0.1", "", "10.0.0.1", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.2, " * 500, "10.0.0.0/8", "10.0.0.2"),
        (None, "198.51.100.9", "10.0.0.0/8", None),
    ],
)  # fmt: skip
def test_behind_our_own_proxies_the_client_is_the_last_that_is_none_of_them(
    remote: str | None, forwarded: str, proxies: str, client: str | None
) -> None:
    assert client_of(remote, forwarded, proxies) == client
