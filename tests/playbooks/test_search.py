"""Search finds the right playbook from the known facts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot import policy
from bot.domain.playbook.search_hit import Hit
from bot.domain.values.tokenizer import bigrams, terms
from playbooks import loader
from playbooks.search import CATEGORY_SYNONYMS, Query, SearchIndex

FINDER = SearchIndex(loader.shipped_library().playbooks)
ORDER = tuple(severity.key for severity in policy.preset("sev1-5").severities)
HERE = Path(__file__).parent


def asked(name: str) -> list[dict[str, Any]]:
    phrases: list[dict[str, Any]] = yaml.safe_load((HERE / name).read_text(encoding="utf-8"))
    return phrases


def ids(wanted: Query, limit: int = 5) -> list[str]:
    return [hit.playbook.id for hit in FINDER.find(wanted, limit)]


def first(wanted: Query) -> Hit:
    return FINDER.find(wanted)[0]


@pytest.mark.parametrize(("name", "of", "at_least"), [("phrasings.yml", 40, 36), ("holdout.yml", 15, 12)])
def test_what_a_tired_person_types_finds_the_right_playbook_first(name: str, of: int, at_least: int) -> None:
    rows = asked(name)
    missed = {
        row["says"]: ids(Query(row["says"]), 2) for row in rows if ids(Query(row["says"]), 1) != [row["playbook"]]
    }
    assert len(rows) == of
    assert of - len(missed) >= at_least, missed


def test_nonsense_is_not_offered() -> None:
    nonsense = yaml.safe_load((HERE / "negatives.yml").read_text(encoding="utf-8"))
    offered = [says for says in nonsense if any(hit.worth_offering for hit in FINDER.find(Query(says)))]
    assert len(nonsense) == 26
    assert offered == []
    rows = [*asked("phrasings.yml"), *asked("holdout.yml")]
    firsts = [(row["playbook"], first(Query(row["says"]))) for row in rows]
    assert sum(hit.worth_offering for right, hit in firsts if hit.playbook.id == right) >= 50
    assert sum(hit.worth_offering for right, hit in firsts if hit.playbook.id != right) <= 1


@pytest.mark.parametrize("says", ["timeouts", "Checkout is down", "Orders are stuck", "Errors", "app crashes"])
def test_one_vague_symptom_suggests_no_playbook(says: str) -> None:
    hits = FINDER.find(Query(says))
    assert hits, "who searches for it finds something"
    assert not any(hit.worth_listing or hit.worth_offering for hit in hits)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Query("redis is down"), "redis-outage"),
        (Query("disk full"), "capacity-exhaustion"),
        (Query("errors", services=["redis"]), "redis-outage"),
        (Query("Errors", labels={"alertname": "ServiceDown"}), "service-down-auto-recovery"),
    ],
)
def test_two_symptoms_or_a_fact_suggest_a_playbook(wanted: Query, expected: str) -> None:
    hit = first(wanted)
    assert (hit.playbook.id, hit.worth_listing, hit.worth_offering) == (expected, True, True)


def test_a_category_alone_is_found_but_never_offered() -> None:
    assert not any(hit.worth_offering for hit in FINDER.find(Query("gift cards", category="availability")))
    assert first(Query(labels={"alertname": "ServiceDown", "job": "x"})).worth_offering
    assert first(Query("gift cards", services=["redis"])).worth_offering


def test_the_policy_names_playbooks_for_a_service() -> None:
    hit = first(Query("gift cards", preferred=["provider-failover"]))
    assert (hit.playbook.id, hit.worth_offering, hit.reasons[0]) == (
        "provider-failover", True, "named for the affected service",
    )  # fmt: skip


def test_a_hit_says_why_in_the_playbooks_own_words() -> None:
    assert first(Query("connection pool exhausted")).reasons == (
        "symptom: Connection pool exhausted, Every connection of the pool is in use",
    )


def test_an_alert_label_outranks_words() -> None:
    hit = first(Query("dashboard redis database", labels={"alertname": "ServiceDown", "job": "api-gateway"}))
    assert hit.playbook.id == "service-down-auto-recovery"
    assert hit.reasons[0] == "alert label: alertname=ServiceDown"


def test_every_label_that_a_playbook_asks_for_must_fit() -> None:
    staging = {"alertname": "HighErrorRate", "environment": "staging"}
    assert ids(Query(labels=staging), 1) == ["high-error-rate"]
    assert ids(Query(labels={"alertname": "HighErrorRate", "environment": "production"}), 1) == ["api-high-error-rate"]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("api-error-rate-critical", "api-high-error-rate"),
        ("api-error-rate-high", "api-high-error-rate"),
        ("api-latency-critical", "high-latency"),
        ("model-provider-down", "provider-failover"),
        ("rate-limit-exhaustion", "rate-limit-exhaustion"),
        ("database-connection-pool-exhaustion", "database-connection-issues"),
        ("security-anomaly-detected", "security-breach"),
        ("model-quality-degradation", "model-degradation"),
    ],
)
def test_each_default_alert_rule_of_001_finds_its_playbook(rule: str, expected: str) -> None:
    assert ids(Query(labels={"alertname": rule}), 1) == [expected]


def test_the_affected_service_decides_between_equals() -> None:
    assert ids(Query("connection errors", services=["redis"]), 1) == ["redis-outage"]
    assert ids(Query("connection errors", services=["postgres"]), 1) == ["database-connection-issues"]


def test_the_category_alone_finds_its_playbooks_with_the_reason() -> None:
    found = FINDER.find(Query(category="data_integrity"))
    assert {hit.playbook.id for hit in found} == {"data-integrity", "database-restore"}
    assert found[0].reasons == ("category: data integrity",)


def test_every_category_of_every_preset_finds_something() -> None:
    for name in policy.PRESETS:
        for category in policy.preset(name).categories:
            assert ids(Query(category=category, text=category)), f"{name}: {category}"
    assert CATEGORY_SYNONYMS.keys() <= {
        category for name in policy.PRESETS for category in policy.preset(name).categories
    }


def test_a_playbook_for_other_severities_is_ranked_lower_and_not_hidden() -> None:
    upper = FINDER.find(Query("api does not answer", severity="sev1", severities=ORDER))[0]
    lower = [
        hit for hit in FINDER.find(Query("api does not answer", severity="sev4", severities=ORDER), 50)
        if hit.playbook.id == "api-outage"
    ]  # fmt: skip
    assert upper.playbook.id == "api-outage"
    assert not any("severit" in reason for reason in upper.reasons)
    assert lower
    assert lower[0].score < upper.score
    assert lower[0].reasons[-1] == "but meant for other severities than sev4"


def test_a_reason_does_not_repeat_the_description() -> None:
    hits = [hit for words in ("redis is full", "cache traffic", "disk") for hit in FINDER.find(Query(words))]
    assert hits
    for hit in hits:
        assert not any(hit.playbook.description in reason for reason in hit.reasons), hit


def test_a_misspelt_word_finds_what_was_meant() -> None:
    assert ids(Query("certifcate exipred"), 1) == ["certificate-renewal"]


@pytest.mark.parametrize("words", ["", "   ", "the of and", "zzzzqqq", "🔥"])
def test_stop_words_find_nothing(words: str) -> None:
    assert FINDER.find(Query(words)) == []


def test_synonyms_are_one_term() -> None:
    assert set(terms("Postgres db PostgreSQL")) == set(terms("database"))
    assert terms("ServiceDown") == terms("service down")
    assert terms("rolled back the releases") == terms("rollback deployment")
    assert bigrams(["connection", "pool", "full"]) == ["connection pool", "pool full"]
