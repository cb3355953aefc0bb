"""Stores small values by key in the table `meta`, as JSON, with a typed accessor for every key in use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.dialect import insert
from storage.schema import meta

_Value = TypeVar("_Value")
_GET = sa.select(meta.c.value).where(meta.c.name == sa.bindparam("this"))
_LOCK = _GET.with_for_update()
ADDRESS_PREFIX = "slack_id:"
REPLICA_PREFIX = "replica:"
IMPORTED_PREFIX = "imported:"
UNREACHABLE_PREFIX = "unreachable:"


@dataclass(frozen=True)  # no slots: with them Python 3.11 cannot make a `Key[int]("name")`
class Key(Generic[_Value]):
    """One key of the table and the type of its value."""

    name: str

    async def get(self, conn: AsyncConnection) -> _Value | None:
        """The value; `None` if there is none."""
        return cast("_Value | None", await conn.scalar(_GET, {"this": self.name}))

    async def lock(self, conn: AsyncConnection, default: _Value) -> _Value:
        """The value, kept from other writers until the transaction ends. Stores `default` if there is no value yet."""
        await self.put_new(conn, default)
        value = await conn.scalar(_LOCK, {"this": self.name})
        return default if value is None else cast("_Value", value)

    async def put(self, conn: AsyncConnection, value: _Value | None) -> None:
        """Store the value in place of any earlier one."""
        row = insert(conn, meta).values(name=self.name, value=value)
        await conn.execute(row.on_conflict_do_update(index_elements=["name"], set_={"value": row.excluded.value}))

    async def put_new(self, conn: AsyncConnection, value: _Value) -> None:
        """Store the value unless the key exists already. Of several callers at once, the first one wins."""
        row = insert(conn, meta).values(name=self.name, value=value)
        await conn.execute(row.on_conflict_do_nothing(index_elements=["name"]))


BOT_IDENTITY: Key[dict[str, Any]] = Key("me")  # the fields of `BotIdentity`, from the last `auth.test`
SLACK_ARRIVALS: Key[dict[str, str]] = Key("slack:arrivals")  # the fields of an `ArrivalRecord` that are known
DEMO_CLOCK: Key[dict[str, float]] = Key("clock")  # `anchor` and `speed` of a demo
ON_CALL: Key[dict[str, list[str]]] = Key("on_call")  # the people on call by schedule, as last published
ACKNOWLEDGE_SECRET: Key[str] = Key("acknowledge:secret")  # signs the links of pages
WEEKLY_DIGEST: Key[dict[str, str]] = Key("weekly_digest")  # `due_at`, and the `rule` by which it was planned
SHEET_MAIL: Key[dict[str, str]] = Key("sheet_mail")  # as of the weekly digest, of the mailed emergency sheet
SHADOW: Key[dict[str, str]] = Key("shadow")  # `source`, `since`, and how many days are `told`; empty: it is off
CONSOLE_KEY: Key[str] = Key("console:key")  # signs cookies and forms of the console
OUTAGE: Key[dict[str, str]] = Key("outage")  # of Slack: `since`, `by`, `reason`; null: it works
PAST_OUTAGES: Key[list[dict[str, str]]] = Key("outages")  # of Slack, the last first: when each began and ended
FEED_SECRET: Key[str] = Key("feeds:secret")  # signs the addresses of calendar feeds
FEED_GENERATIONS: Key[dict[str, int]] = Key("feeds:generations")  # by feed, how often it was given a new address
MESSAGE_SECRET: Key[str] = Key("messages:secret")  # makes the keys in the metadata of messages
RESTORED_AT: Key[float] = Key("restored_at")  # when the database was last restored, in seconds since 1970
SEARCH_INDEX_VERSION: Key[str] = Key("incident_words")  # the rules the search index was made by
POLICY_REJECTION: Key[dict[str, Any]] = Key("policy:trouble")  # `number` and `digest` of the last rejected policy file

STATUS_PAGE_SINCE: Key[str] = Key("status_page:since")  # when the status page was first served, RFC 3339
STATUS_PAGE_SECRET: Key[str] = Key("status_page:secret")  # signs links of subscribers, and to pages not for everybody

WRITE_PROBE: Key[int] = Key("probe")  # when a process last proved that it can write, in seconds since 1970


def announcement_channel(name: str) -> Key[str]:
    """The Slack ID of the channel that the policy names for announcements."""
    return Key(f"announce:{name}")


def user_of_address(address: str) -> Key[str]:
    """The Slack ID that was found for an e-mail address."""
    return Key(f"{ADDRESS_PREFIX}{address.lower()}")


def unreachable(name: str) -> Key[dict[str, str]]:
    """Why (`reason`) Slack does not reach a person, by Slack ID or e-mail address, and when that was found (`at`)."""
    return Key(UNREACHABLE_PREFIX + (name.lower() if "@" in name else name))


def usergroup_members(group: str) -> Key[list[str]]:
    """The members of a user group, as Slack last listed them."""
    return Key(f"usergroup:{group}")


def usergroup_on_call(group: str) -> Key[list[str]]:
    """The people on call to whom a user group was last set."""
    return Key(f"rota:{group}")


def pagerduty_read(schedule: str) -> Key[dict[str, str]]:
    """When (`at`) a schedule was last read from PagerDuty."""
    return Key(f"read:{schedule}")


def statuspage_copy(publication: str) -> Key[str]:
    """The ID of a publication's copy at Statuspage."""
    return Key(f"statuspage:{publication}")


def message_times(incident: int) -> Key[list[int]]:
    """The times of messages in an incident's channel that are not recorded, in microseconds since 1970."""
    return Key(f"heard:{incident}")


def replica(name: str) -> Key[dict[str, float]]:
    """When (`seen_at`) a replica last reported, in seconds since 1970."""
    return Key(REPLICA_PREFIX + name)


def ticket_cursor(tracker: str, project: str) -> Key[str]:
    """The instant up to which the changes of a tracker's project were read, in ISO 8601: the next poll starts there."""
    return Key(f"tickets:{tracker}:{project}")


def review_canvas(incident: int) -> Key[dict[str, Any]]:
    """The canvas of a review: its `id`, the lines of its `sections`, and those `left` as people wrote them there."""
    return Key(f"review_canvas:{incident}")


def imported_names(source: str) -> Key[dict[str, str]]:
    """The names here of a paging service's IDs, such as `contact:anna`, `team:payments` or `schedule:primary`."""
    return Key(IMPORTED_PREFIX + source)
