"""How often somebody may fail to sign in."""

from __future__ import annotations

from bot.web.console.sign_in_limit import IN_ALL, OF_ADDRESS, SignInLimit


class Time:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_address_waits_after_ten_failures_and_others_do_not() -> None:
    time = Time()
    limit = SignInLimit(time)
    assert [limit.take("192.0.2.1") for _ in range(OF_ADDRESS + 1)] == [0] * OF_ADDRESS + [6]
    assert limit.take("192.0.2.2") == 0
    time.now = 6.0
    assert (limit.take("192.0.2.1"), limit.take("192.0.2.1")) == (0, 6)


def test_all_addresses_together_wait_after_a_hundred_failures() -> None:
    limit = SignInLimit(Time())
    assert [limit.take(f"192.0.2.{each}") for each in range(IN_ALL)] == [0] * IN_ALL
    assert limit.take("198.51.100.1") == 1


def test_who_signs_in_is_not_counted() -> None:
    limit = SignInLimit(Time())
    for _ in range(5 * IN_ALL):
        assert limit.take("192.0.2.1") == 0
        limit.give_back("192.0.2.1")


def test_one_network_of_ipv6_is_one_address() -> None:
    limit = SignInLimit(Time())
    waits = [limit.take(f"2001:db8::{each}") for each in range(OF_ADDRESS + 1)]
    assert waits[-1] > 0
    assert limit.take("2001:db8:0:1::1") == 0
