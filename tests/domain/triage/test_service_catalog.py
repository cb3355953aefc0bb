"""The services that an incident affects, its possible spread, and its possible origins."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.incident import Incident, Ladder
from bot.domain.incident.status import Status
from bot.domain.policy.policy import Contact, Policy, Service
from bot.domain.triage.service_catalog import (
    Cause,
    ReachedService,
    contacts_and_links,
    dependencies,
    dependents,
    mentioned_services,
    probable_causes,
)
from bot.domain.triage.similarity import SimilarIncident

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
SHOP = {
    key: Service(key, depends_on=tuple(needed.split()))
    for key, needed in {
        "web": "checkout search", "checkout": "orders payments", "orders": "database", "search": "elastic",
        "account": "database", "payments": "", "database": "", "elastic": "", "admin": "web",
    }.items()
}  # fmt: skip


def incident(number: int, *services: str, **more: object) -> Incident:
    return replace(Incident(number, "t", "sev2", "U1", NOW, NOW, Ladder(NOW), services=services), **more)  # type: ignore[arg-type]  # fields by name


def test_the_blast_radius_is_all_dependents_nearest_first() -> None:
    assert dependents(SHOP, ["orders"]) == (
        ReachedService("checkout", 1, "orders"), ReachedService("web", 2, "checkout"),
        ReachedService("admin", 3, "web"),
    )  # fmt: skip
    assert {reach.key for reach in dependents(SHOP, ["database"])} == {"orders", "account", "checkout", "web", "admin"}
    assert dependents(SHOP, ["admin", "unknown"]) == ()


def test_affected_services_are_not_in_their_blast_radius() -> None:
    assert "checkout" not in {reach.key for reach in dependents(SHOP, ["orders", "checkout"])}


def test_dependencies_are_followed_through_other_services() -> None:
    assert [reach.key for reach in dependencies(SHOP, ["checkout"])] == ["orders", "payments", "database"]


KEYS = st.sampled_from("abcdef")


@given(st.dictionaries(KEYS, st.lists(KEYS)), st.lists(KEYS))
def test_cycles_of_dependencies_end(graph: dict[str, list[str]], start: list[str]) -> None:
    services = {key: Service(key, depends_on=tuple(needed)) for key, needed in graph.items()}
    for found in (dependents(services, start), dependencies(services, start)):
        keys = [reach.key for reach in found]
        assert len(keys) == len(set(keys))
        assert not set(keys) & set(start)


def test_a_probable_cause_is_a_dependency_with_a_reason() -> None:
    like = SimilarIncident(incident(7, "payments", status=Status.RESOLVED, ended_at=NOW - timedelta(days=2)), 0.8, ())
    old = SimilarIncident(incident(5, "orders", status=Status.RESOLVED, ended_at=NOW - timedelta(days=20)), 0.8, ())
    found = probable_causes(
        SHOP, ["checkout", "account"], [incident(9, "database"), incident(8, "search")], [like, old], NOW
    )
    assert found == (
        Cause("database", ("INC-9 is open there", "2 of the affected services need it"), (9,)),
        Cause("payments", ("it was affected in INC-7, a similar incident",), (7,)),
    )
    assert probable_causes(SHOP, ["payments"], [incident(9, "database")], [], NOW) == ()


def test_a_service_is_mentioned_by_its_whole_name() -> None:
    names = {"checkout": [frozenset({"checkout"})], "db": [frozenset({"order", "databas"})], "none": [frozenset[str]()]}
    assert mentioned_services(names, ["checkout", "down", "databas"]) == ("checkout",)
    assert mentioned_services(names, ["databas", "slow", "order"]) == ("db",)


def test_contacts_and_links_appear_once_each() -> None:
    vendor, owner = Contact("vendor", url="https://v.example"), Contact("owner")
    policy = Policy(
        "p", (), (),
        contacts={"vendor": vendor, "owner": owner},
        services={
            "a": Service("a", "Shop", contacts=("vendor", "owner"), links={"Logs": "https://a.example"}),
            "b": Service("b", contacts=("vendor", "gone"), links={"Logs": "https://b.example"}),
        },
    )  # fmt: skip
    assert contacts_and_links(policy, ["a"]) == ((vendor, owner), {"Logs": "https://a.example"})
    assert contacts_and_links(policy, ["a", "b", "c"]) == (
        (vendor, owner), {"Shop: Logs": "https://a.example", "b: Logs": "https://b.example"},
    )  # fmt: skip
