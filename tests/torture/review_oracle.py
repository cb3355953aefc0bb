"""The oracle of reviews and of the weekly digest: reminders of reviews, points of their meetings, and weeks.

When each is due follows from docs/reviews.md and the policy of the night; the rules are written here anew.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from sandbox import Message
from tests.torture.people import has_block, metadata_key
from tests.torture.reminder_oracle import DAY, HOURS, UNDER_WAY_S, at_work, policy_zone, workday
from tests.torture.world import World

if TYPE_CHECKING:
    from tests.torture.oracle import Snapshot, Verdict

WITHIN = {"sev1": timedelta(hours=48), "sev2": timedelta(hours=120)}  # of `days.POLICY`
MINUTES = (10, 15, 10, 10, 15, 10, 10)  # of the points of a meeting
AFTER_THE_END = timedelta(hours=1)  # for so long the end of a meeting is still told
DIGEST = (0, time(9))  # Monday at nine, in the time zone of `days.POLICY`
MOST = 12  # reminders of a review
OVER = ("completed", "published")
Span = tuple[datetime, datetime]  # between two rests
_POINT = re.compile(r"\*(\d+) of \d+ · ")


@dataclass(frozen=True, slots=True)
class Stage:
    """How a review stood from `at` until `until` (None: it stands so still). `open`: its incident was reopened."""

    at: datetime
    state: str
    held_at: datetime | None
    opened_at: datetime
    due_at: datetime | None
    open: bool
    until: datetime | None

    def lasts(self, since: datetime, until: datetime) -> bool:
        """Whether it stood so all the time between these instants."""
        return self.at <= since and (self.until is None or self.until > until)


@dataclass(frozen=True, slots=True)
class Post:
    """A message of the bot, with its row of the outbox."""

    row: Any
    message: Message | None  # None: a reminder that a newer one replaced, and was deleted
    wall_s: float
    at: datetime  # on the bot's clock

    @property
    def text(self) -> str:
        """What it says; nothing where it was deleted."""
        return self.message.text if self.message else ""


def reviews(world: World, snapshot: Snapshot, verdict: Verdict) -> None:
    """All rules about reviews."""
    posts = _posts(world, snapshot, ("review_reminder", "review_point"))
    verdict.counts["reminders of reviews"] += sum(post.row.kind == "review_reminder" for post in posts)
    verdict.counts["points of meetings"] += sum(post.row.kind == "review_point" for post in posts)
    for number in snapshot.incidents:
        stages = list(_stages(world, snapshot, number))
        own = [post for post in posts if post.row.incident == number]
        reminders = [post for post in own if post.row.kind == "review_reminder"]
        points = [post for post in own if post.row.kind == "review_point"]
        verdict.counts["reviews"] += bool(stages)
        _once_a_day_in_hours(world, number, reminders, verdict)
        _while_it_is_owed(world, number, stages, own, verdict)
        _one_has_buttons(world, snapshot, number, reminders, verdict)
        _points_in_time(world, number, stages, points, verdict)
        gave_up = any(row.incident == number and row.state == "failed" and row.kind.startswith("review")
                      for row in snapshot.outbox)  # fmt: skip
        if gave_up or _without_a_place(world, snapshot, number):
            continue
        for before, at in zip(world.course.quiet, world.course.quiet[1:], strict=False):
            _reminded(world, number, stages, reminders, (before, at), verdict)
            _point_told(number, stages, points, (before, at), verdict)


def weekly_digests(world: World, snapshot: Snapshot, verdict: Verdict) -> None:
    """Each jump over one Monday or more brings one digest, that of the last, and nothing else does."""
    if not world.schedule.days:
        return
    posts = _posts(world, snapshot, ("weekly_digest",))
    verdict.counts["weekly digests"] += len(posts)
    told = Counter(post.row.dedup_key.partition(":")[2] for post in posts)
    expected: set[str] = set()
    for before, at in zip(world.course.quiet, world.course.quiet[1:], strict=False):
        if weeks := list(_weeks(world, before, at)):
            expected.add(weeks[-1].isoformat())
            verdict.counts["digests that were due"] += 1
    for week in sorted(expected | set(told)):
        if told[week] != (week in expected):
            verdict.wrong.append(f"the digest of the week until {week} was posted {told[week]} times")


def _weeks(world: World, since: datetime, until: datetime) -> Iterator[datetime]:
    """The instants between these at which a digest is due, in UTC."""
    zone, (weekday, at) = policy_zone(world), DIGEST
    day = since.astimezone(zone).date()
    while day <= until.astimezone(zone).date():
        due = datetime.combine(day, at, zone).astimezone(since.tzinfo)
        if day.weekday() == weekday and since < due <= until:
            yield due
        day += DAY


def _posts(world: World, snapshot: Snapshot, kinds: tuple[str, ...]) -> list[Post]:
    rows = {row.metadata_key: row for row in snapshot.outbox if row.kind in kinds}
    found = [
        Post(rows[key], message, float(message.ts), world.course.at(float(message.ts)))
        for log in world.ws.state.logs.values()
        for message in log.messages.values()
        if message.user == world.ws.bot.id and (key := metadata_key(message)) in rows
    ]
    standing = {(post.row.dedup_key, post.wall_s) for post in found}
    for row in _replaced(snapshot):
        wall_s = float(row.receipt["ts"])
        if row.kind in kinds and (row.dedup_key, wall_s) not in standing:
            found.append(Post(row, None, wall_s, world.course.at(wall_s)))
    return sorted(found, key=lambda post: post.wall_s)


def _replaced(snapshot: Snapshot) -> list[Any]:
    """The rows of reminders that were posted and that a newer one replaced."""
    edits = [row.payload for row in snapshot.outbox if row.kind == "nudge_edit" and row.state == "sent"]
    replaced = {payload["of"] for payload in edits if payload["outcome"] == "superseded"}
    return [row for row in snapshot.outbox if row.dedup_key in replaced and row.state == "sent" and row.receipt]


def _without_a_place(world: World, snapshot: Snapshot, number: int) -> bool:
    """Whether people took away where the review is told of: the channel, or the message that has the thread."""
    if any(record.entry.kind == "channel_lost" for record in snapshot.timelines[number]):
        return True
    keys = {row.metadata_key for row in snapshot.outbox if row.incident == number and row.kind.startswith("review")}
    return bool(keys & world.people.erased)


def _stages(world: World, snapshot: Snapshot, number: int) -> Iterator[Stage]:
    """The stages of an incident's review, from its timeline."""
    records = sorted(snapshot.timelines[number], key=lambda record: record.seq)
    facts: dict[str, Any] | None = None
    severity, is_open, resolved_at = "", True, None
    turns: list[tuple[datetime, dict[str, Any], bool]] = []
    for entry in (record.entry for record in records):
        if entry.kind in ("declared", "severity"):
            severity = entry.data.get("after") or entry.data.get("severity") or severity
        was_open = is_open
        if entry.kind in ("resolved", "closed", "reopened", "cancelled", "merged"):
            is_open = entry.kind == "reopened"
            resolved_at = entry.at if entry.kind == "resolved" else resolved_at
        opens = entry.kind in ("resolved", "closed") and severity in _within(world)
        ends_anew = facts is not None and facts["state"] in OVER and entry.kind in ("resolved", "closed") and was_open
        if ends_anew or (facts is None and (opens or (entry.kind == "review" and entry.data.get("state") == "draft"))):
            within = _within(world).get(severity)
            due_at = (resolved_at or entry.at) + within if within else None
            facts = {"state": "draft", "held_at": None, "opened_at": entry.at, "due_at": due_at}
        elif facts is not None and entry.kind == "review" and "state" in entry.data:
            held_at = entry.data.get("held_at")
            facts = facts | {"state": entry.data["state"]}
            facts |= {"held_at": datetime.fromisoformat(held_at)} if held_at else {}
        if facts is not None and (not turns or turns[-1][1:] != (facts, is_open)):
            turns.append((entry.at, facts, is_open))
    for place, (at, known, while_open) in enumerate(turns):
        until = turns[place + 1][0] if place + 1 < len(turns) else None
        yield Stage(at=at, open=while_open, until=until, **known)


def _within(world: World) -> dict[str, timedelta]:
    return WITHIN if world.schedule.days else {}


def _occasions(stage: Stage) -> Iterator[datetime]:
    """When the facilitator is to be reminded: halfway, on the day, three days running, then weekly."""
    if stage.due_at is None or stage.state in OVER or stage.open:
        return
    due_at = max(stage.due_at, stage.held_at + DAY) if stage.held_at else stage.due_at
    if stage.held_at is None:
        yield stage.opened_at + (due_at - stage.opened_at) / 2
    for count in range(MOST):
        yield due_at + DAY * (count if count <= 3 else 3 + 7 * (count - 3))


def _once_a_day_in_hours(world: World, number: int, reminders: list[Post], verdict: Verdict) -> None:
    """The facilitator is reminded once a day at most, in the policy's working hours."""
    zone = policy_zone(world)
    days = Counter(post.at.astimezone(zone).date() for post in reminders)
    verdict.wrong += [
        f"INC-{number}: {count} reminders of its review on {day}" for day, count in days.items() if count > 1
    ]
    for post in reminders:
        around = [at + span for at in world.course.shortly_before(post.wall_s, UNDER_WAY_S)
                  for span in (timedelta(), -timedelta(seconds=UNDER_WAY_S))]  # fmt: skip
        if not world.freezes and not any(at_work(at, zone) for at in around):
            verdict.wrong.append(f"INC-{number}: a reminder of its review at {post.at.astimezone(zone):%a %H:%M}")


def _one_has_buttons(
    world: World, snapshot: Snapshot, number: int, reminders: list[Post], verdict: Verdict
) -> None:  # fmt: skip
    """At most the latest reminder of a review has buttons, unless its channel was lost."""
    if _without_a_place(world, snapshot, number) or world.freezes:
        return
    count = sum(post.message is not None and has_block(post.message, "review") for post in reminders)
    verdict.counts["reminders of reviews that were replaced"] += sum(post.message is None for post in reminders)
    if count > 1:
        verdict.wrong.append(f"INC-{number}: {count} reminders of its review have buttons")


def _while_it_is_owed(world: World, number: int, stages: list[Stage], own: list[Post], verdict: Verdict) -> None:
    """Nothing is told of a review that is completed, or whose incident is open again."""
    if world.freezes:
        return
    for post in own:
        moments = world.course.shortly_before(post.wall_s, UNDER_WAY_S)
        moments += [at - timedelta(seconds=s) for at in moments for s in (0.5, 1.0, 1.5, 2.0, UNDER_WAY_S)]
        if not any(
            stage.at <= at and (stage.until is None or at < stage.until)
            for stage in stages if stage.state not in OVER and not stage.open
            for at in moments
        ):  # fmt: skip
            verdict.wrong.append(f"INC-{number}: {post.row.dedup_key} was posted at {post.at}, and was not owed")


def _reminded(
    world: World, number: int, stages: list[Stage], reminders: list[Post], span: Span, verdict: Verdict
) -> None:
    """What came due between two rests was told by the second, if that was within working hours."""
    zone, (before, at) = policy_zone(world), span
    stage = next((stage for stage in stages if stage.lasts(before, at)), None)
    if stage is None or not at_work(at, zone) or len(reminders) >= MOST:
        return
    due = [shifted for each in _occasions(stage) if before < (shifted := _in_hours(each, zone)) <= at]
    if not due:
        return
    verdict.counts["reminders of reviews that were due"] += 1
    day = max(due).astimezone(zone).date()
    if not any(day <= post.at.astimezone(zone).date() and post.at <= at for post in reminders):
        verdict.wrong.append(f"INC-{number}: nobody was reminded of its review, as was due at {max(due)}")


def _in_hours(at: datetime, zone: Any) -> datetime:
    """The instant, or the begin of the next working hours."""
    local = at.astimezone(zone)
    if local.weekday() < 5 and local.hour in HOURS:
        return at
    day = local.date() if local.hour < HOURS.start else local.date() + DAY
    return datetime.combine(workday(day, 0), time(HOURS.start), zone)


def _begins(stage: Stage) -> list[tuple[datetime, datetime]]:
    """When each point of the meeting begins and ends; the last is the end of the meeting."""
    assert stage.held_at is not None
    at, begins = stage.held_at, []
    for minutes in MINUTES:
        begins.append((at, at + timedelta(minutes=minutes)))
        at = begins[-1][1]
    return [*begins, (at, at + AFTER_THE_END)]


def _points_in_time(
    world: World, number: int, stages: list[Stage], points: list[Post], verdict: Verdict
) -> None:  # fmt: skip
    """Each point of a meeting is told once, after it has begun and before it is over, in the thread of the review."""
    meetings: defaultdict[str, list[Post]] = defaultdict(list)
    for post in points:
        meetings[str(post.row.deadline)].append(post)
    verdict.wrong += [f"{name} was told {len(each)} times" for name, each in meetings.items() if len(each) > 1]
    tolerance = timedelta(seconds=UNDER_WAY_S)
    for post in points:
        found = _POINT.search(post.text)
        place = int(found[1]) - 1 if found else len(MINUTES)
        times = [_begins(stage)[place] for stage in stages if stage.state == "scheduled" and stage.held_at]
        moments = world.course.shortly_before(post.wall_s, UNDER_WAY_S)
        if not any(begins <= at <= ends + tolerance for begins, ends in times for at in moments) and not world.freezes:
            verdict.wrong.append(f"INC-{number}: {post.text!r} was said at {post.at}")
        if post.message is None or post.message.thread_ts in (None, post.message.ts):
            verdict.wrong.append(f"INC-{number}: {post.text!r} is not in the thread of the review")


def _point_told(
    number: int, stages: list[Stage], points: list[Post], span: Span, verdict: Verdict
) -> None:  # fmt: skip
    """The point at which the meeting is, as all is quiet, was told."""
    before, at = span
    stage = next((stage for stage in stages if stage.state == "scheduled" and stage.lasts(before, at)), None)
    if stage is None or stage.open:
        return
    for place, (begins, ends) in enumerate(_begins(stage)):
        if not begins + timedelta(seconds=1) <= at < ends:
            continue
        verdict.counts["points that were due"] += 1
        words = f"*{place + 1} of " if place < len(MINUTES) else "The time is up"
        if not any(words in post.text and begins <= post.at <= at for post in points):
            verdict.wrong.append(
                f"INC-{number}: point {place + 1} of its meeting, since {begins}, was not told at {at}"
            )
