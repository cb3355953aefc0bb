"""Similar incidents are compared with the judgements that people made before the ranking existed."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.domain.incident import Incident
from bot.domain.incident.status import Status
from bot.domain.timeline.entry import entry
from bot.domain.triage.similarity import OFFER_THRESHOLD, SimilarIncident
from bot.usecases import search_index
from bot.usecases.queries.search import similar_to
from storage import incidents
from storage.database import Database
from storage.timeline import entries
from tests.storage.helpers import NOW, incident

HERE = Path(__file__).parent
Read = Callable[[str], Any]
JUDGED = yaml.safe_load((HERE / "new_incidents.yml").read_text(encoding="utf-8"))
PAST = yaml.safe_load((HERE / "past_incidents.yml").read_text(encoding="utf-8"))


def past(row: dict[str, Any]) -> Incident:
    return incident(
        row["n"],
        title=row["title"],
        severity=row["severity"],
        category=row["category"],
        services=tuple(row["services"]),
        description=row.get("description", ""),
        summary=row["fixed"],
        root_cause=row.get("cause", ""),
        status=Status.CLOSED,
        ended_at=NOW,
    )


def new(row: dict[str, Any]) -> Incident:
    return incident(
        1000, title=row["says"], description=row.get("description", ""), services=tuple(row.get("services", ()))
    )


async def remember(database: Database, rows: Iterable[dict[str, Any]]) -> None:
    """Stored and indexed."""
    async with database.transaction() as conn:
        for row in rows:
            await incidents.insert(conn, past(row))
            await entries.append(conn, row["n"], [entry(NOW, "declared", "U1")])
            if row.get("notes"):
                await entries.append(conn, row["n"], [entry(NOW, "note", "U1", row["notes"])])
    assert await search_index.index_due(database) == len(list(rows))


async def similar_incidents(
    database: Database, row: dict[str, Any], at_least: float = OFFER_THRESHOLD
) -> list[SimilarIncident]:
    async with database.reading() as conn:
        return await similar_to(conn, new(row), NOW + timedelta(days=30), 50, at_least)


async def figures(database: Database, part: str) -> tuple[float, float]:
    """Of what is offered, how much is right; of what is right, how much is offered."""
    right = wrong = 0
    for row in JUDGED[part]:
        numbers = [one.incident.number for one in await similar_incidents(database, row)]
        right += len(set(numbers) & set(row["like"]))
        wrong += len(set(numbers) - set(row["like"]))
    return right / (right + wrong), right / sum(len(row["like"]) for row in JUDGED[part])


async def test_offered_incidents_have_high_precision_and_recall(database: Database) -> None:
    await remember(database, PAST)
    assert len(PAST) == 50
    assert [len(rows) for rows in JUDGED.values()] == [34, 36]
    for part, precision, recall in (("tune", 0.95, 0.9), ("holdout", 0.9, 0.8)):
        found = await figures(database, part)
        print(f"{part}: precision {found[0]:.3f}, recall {found[1]:.3f}")
        assert found[0] >= precision
        assert found[1] >= recall


async def test_higher_confidence_is_more_often_right(database: Database) -> None:
    await remember(database, PAST)
    judged = [
        (one.confidence, one.incident.number in row["like"])
        for rows in JUDGED.values()
        for row in rows
        for one in await similar_incidents(database, row, 0.0)
    ]
    bounds = (0.0, 0.1, 0.5, 0.8, 1.01)
    shares = []
    for low, high in itertools.pairwise(bounds):
        inside = [right for confidence, right in judged if low <= confidence < high]
        shares.append(sum(inside) / len(inside))
        print(f"{low:.1f}–{high:.1f}: {sum(inside)} of {len(inside)} right")
    assert shares == sorted(shares)
    assert shares[0] < 0.05
    assert shares[-1] > 0.9


async def test_a_handful_of_incidents_is_enough_to_find_one_again(database: Database) -> None:
    few = [row for row in PAST if row["n"] in (1, 2, 5, 6, 8, 12)]
    await remember(database, few)
    known = {row["n"] for row in few}
    right = wrong = wanted = 0
    for row in [*JUDGED["tune"], *JUDGED["holdout"]]:
        numbers = {one.incident.number for one in await similar_incidents(database, row)}
        right += len(numbers & set(row["like"]))
        wrong += len(numbers - set(row["like"]))
        wanted += len(known & set(row["like"]))
    print(f"of {wanted}: {right} right, {wrong} wrong")
    assert right >= wanted - 2
    assert wrong <= 2


async def test_a_similar_incident_says_why_and_what_fixed_it(database: Database) -> None:
    await remember(database, PAST)
    (first, *_) = await similar_incidents(
        database, {"says": "hikari pool exhausted again on orders", "services": ["orders"]}
    )
    assert first.incident.number == 2
    assert first.confidence > 0.8
    assert first.fixed == "Raised maximumPoolSize to 40 and restarted"
    assert first.reasons == ("the same words: hikari, pool, exhausted, orders", "the same service", "30d ago")


@pytest.mark.parametrize("change", [{"private": True}, {"drill": True}, {"status": Status.MERGED}])
async def test_private_cancelled_and_drill_incidents_are_not_offered(
    database: Database, change: dict[str, Any]
) -> None:
    await remember(database, PAST[:10])
    row = {"says": "redis oom"}
    assert [one.incident.number for one in await similar_incidents(database, row)] == [6]
    async with database.transaction() as conn:
        known = await incidents.lock(conn, 6)
        assert known is not None
        await incidents.save(conn, incident(6, title=known.title, summary="x", **change))
        await entries.append(conn, 6, [entry(NOW, "merged", "U1")])
    await search_index.index_due(database)
    assert await similar_incidents(database, row) == []
