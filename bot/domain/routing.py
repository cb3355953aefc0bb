"""Who is told what, and where: the notices that follow from a change, by meaning.

Every name (`once`) is built here and nowhere else, since it is what makes a message go out exactly once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bot.domain import handover, shifts
from bot.domain.deadlines import handover_ended
from bot.domain.escalation import Climb
from bot.domain.incident import Alert, Handover, Incident, Turn, empty_roles
from bot.domain.notices import IfNeedFails, Notice, Priority
from bot.domain.paging import Call, Calls, dedup_key, label, unless_of
from bot.domain.policy import Policy, Rung
from bot.domain.timeline import Entry, Recorded

TOLD_IN_CHANNEL = frozenset(
    {"acknowledged", "status", "severity", "role", "resolved", "closed", "cancelled", "reopened", "snoozed", "merged"}
)
TOLD_UNDER_ANNOUNCEMENT = frozenset(
    {"status", "severity", "update", "resolved", "closed", "cancelled", "reopened", "merged"}
)


ASKING = frozenset({"page_direct", "page_channel", "page_elsewhere"})


def channel_of(number: int) -> str:
    return f"channel:{number}"


def card_of(number: int) -> str:
    return f"card:{number}"


def announcement_of(number: int) -> str:
    return f"announce:{number}"


def triage_of(number: int) -> str:
    return f"triage:{number}"


def on_declared(incident: Incident, policy: Policy) -> list[Notice]:
    """Everything that makes an incident visible, each step its own notice: any may fail, none stops another."""
    n = incident.number
    channel = channel_of(n)
    found = [
        Notice(channel, "channel", n, priority=Priority.CHANNEL),
        card_posted(n),
        pin(n),
        Notice(f"topic:{n}", "topic", n, needs=channel, priority=Priority.SETUP),
        Notice(f"purpose:{n}", "purpose", n, needs=channel, priority=Priority.SETUP),
        invitation(n, incident.declared_by),
        backfill(n),
        triage(n),
    ]
    if policy.announce and not incident.private:
        found.append(
            Notice(
                announcement_of(n), "announce", n, needs=channel, if_need_fails=IfNeedFails.SEND, priority=Priority.NEWS
            )
        )
    found += briefings(incident, policy, "declared", "")
    for title in policy.bookmarks:
        found.append(
            Notice(f"bookmark:{n}:{title}", "bookmark", n, {"title": title}, needs=channel, priority=Priority.SETUP)
        )
    return found


def on_change(before: Incident, after: Incident, recorded: Sequence[Recorded], policy: Policy) -> list[Notice]:
    """What follows from a verb: news in the channel and under the announcement, edits of what stands there."""
    found: list[Notice] = []
    n = after.number
    told = [r.seq for r in recorded if _is_told(r.entry)]
    if told:
        found.append(_in_channel(f"news:{n}:{told[0]}", "news", n, {"seqs": told}))
    for record in recorded:
        if record.entry.kind == "update":
            found.append(_in_channel(f"update:{n}:{record.entry.data['number']}", "update", n, {"seq": record.seq}))
        if record.entry.kind == "severity" and record.entry.data.get("raised"):
            found += briefings(after, policy, "declared", "")
        if record.entry.kind == "role" and record.entry.data.get("user"):
            user = record.entry.data["user"]
            found.append(invitation(n, user))
            found.append(
                Notice(f"duties:{n}:{record.seq}", "duties", n, {"role": record.entry.data["role"], "user": user})
            )
    threaded = [r.seq for r in recorded if r.entry.kind in TOLD_UNDER_ANNOUNCEMENT]
    if threaded and policy.announce and not after.private:
        found.append(Notice(f"thread:{n}:{threaded[0]}", "thread", n, {"seqs": threaded}, needs=announcement_of(n)))
    found += edits(before, after, policy)
    if after.open and _looked_into(before) != _looked_into(after):
        found.append(triage_edit(n))
    found += _settled(before, after, policy)
    found += _handovers_settled(before, after)
    found += _requests_ended(before, after)
    found += _walks_told(before, after)
    found += _shift_offers_settled(before, after)
    found += _followed(before, after, recorded)
    return found


def _is_told(said: Entry) -> bool:
    """Whether the channel hears of it; `told` in its data says so of one that by its kind is not."""
    return (said.kind in TOLD_IN_CHANNEL and "implied_by" not in said.data) or bool(said.data.get("told"))


def home(user: str) -> Notice:
    """Publish somebody's home tab; what is asked for again meanwhile becomes one."""
    return Notice(f"home:{user}", "home", None, {"user": user}, priority=Priority.FETCH, again=True)


def user_group(group: str) -> Notice:
    """Have a Slack user group be whoever is on call; several changes become one."""
    return Notice(f"usergroup:{group}", "usergroup", None, {"group": group}, again=True)


def policy_refused(number: int, said: dict[str, Any]) -> Notice:
    """To the announcement channel: the policy file cannot be used. `number` counts such files."""
    return Notice(f"policy:{number}", "policy_refused", None, said)


def policy_mended(number: int) -> Notice:
    """The message before, edited, since the file is in order again."""
    of = f"policy:{number}"
    return Notice(f"mended:{of}", "policy_mended", None, {"of": of}, needs=of, priority=Priority.EDIT)


def briefings(incident: Incident, policy: Policy, moment: str, why: str) -> list[Notice]:
    """To each executive where the severity asks for it; once for an episode, severity and moment. A drill has none."""
    if incident.drill or not policy.severity(incident.severity).notify_executives:
        return []
    n = incident.number
    found = []
    for key in policy.executives:
        contact = policy.contacts.get(key)
        address = (contact.slack or contact.email) if contact else key
        if address is None:
            continue
        once = f"briefing:{n}:{incident.episode}:{incident.severity}:{moment}:{key}"
        payload = {"person": address, "called": (contact.name if contact else "") or key, "why": why}
        found.append(Notice(once, "briefing", n, payload, needs=channel_of(n), if_need_fails=IfNeedFails.SEND))
    return found


def edits(before: Incident, after: Incident, policy: Policy) -> list[Notice]:
    """The standing messages are edited when what they show has changed; several edits become the newest."""
    if before == after:
        return []
    n = after.number
    found = [card_edit(n)] if _on_card(before) != _on_card(after) else []
    if policy.announce and not after.private and _shown_outside(before) != _shown_outside(after):
        found.append(
            Notice(
                f"announce_edit:{n}", "announce_edit", n, needs=announcement_of(n), priority=Priority.EDIT, again=True
            )
        )
    if _topic(before) != _topic(after):
        found.append(Notice(f"topic:{n}", "topic", n, needs=channel_of(n), priority=Priority.EDIT, again=True))
    return found


def _on_card(incident: Incident) -> tuple[Incident, list[tuple[int, str | None]]]:
    """How far a playbook is stands in its own message: the card says only which are open."""
    return replace(incident, walks=()), [(one.number, one.outcome) for one in incident.walks]


def card_posted(number: int) -> Notice:
    return Notice(
        card_of(number), "card", number,
        needs=channel_of(number), if_need_fails=IfNeedFails.DIRECT, priority=Priority.CARD,
    )  # fmt: skip


def triage(number: int) -> Notice:
    """What may help; after the card, which says what is wrong."""
    return Notice(
        triage_of(number), "triage", number,
        needs=card_of(number), if_need_fails=IfNeedFails.DIRECT, priority=Priority.NEWS,
    )  # fmt: skip


def triage_edit(number: int) -> Notice:
    return Notice(
        f"triage_edit:{number}", "triage_edit", number, needs=card_of(number), priority=Priority.EDIT, again=True
    )


def pin(number: int) -> Notice:
    return Notice(f"pin:{number}", "pin", number, needs=card_of(number), priority=Priority.CARD)


def card_edit(number: int) -> Notice:
    return Notice(f"card_edit:{number}", "card_edit", number, needs=card_of(number), priority=Priority.EDIT, again=True)


def invitation(number: int, user: str) -> Notice:
    return Notice(
        f"invite:{number}:{user}", "invite", number, {"user": user}, needs=channel_of(number), priority=Priority.CARD
    )


def backfill(number: int) -> Notice:
    """Fetch from the channel's history what was said while nobody listened. Asked for again at every start."""
    return Notice(
        f"backfill:{number}", "backfill", number, needs=channel_of(number), priority=Priority.FETCH, again=True
    )


def nudge(number: int, deadline: str, payload: dict[str, Any]) -> Notice:
    return _in_channel(f"nudge:{deadline}", "nudge", number, payload, Priority.NUDGE, deadline)


def nudge_settled(number: int, nudge_once: str, outcome: str) -> Notice:
    return Notice(
        f"settle:{nudge_once}", "nudge_edit", number, {"of": nudge_once, "outcome": outcome},
        needs=nudge_once, priority=Priority.EDIT,
    )  # fmt: skip


def pages(
    before: Incident, climb: Climb, why: str, cause: str, deadlines: Sequence[str], rung: Rung | None, calls: Calls
) -> list[Notice]:
    """The page in the incident channel, one for each other channel, and one for each person and method.

    `cause` names a page that reaches nobody; `deadlines` are the rows of the ledger that these messages serve.
    """
    incident = climb.change.incident
    n = incident.number
    base = f"page:{n}:{incident.episode}:{incident.severity}:{climb.rung or climb.label or cause}:{climb.times}"
    payload: dict[str, Any] = {
        "rung": climb.rung,
        "called": climb.called,
        "pages": climb.pages,
        "why": why,
        "times": climb.times,
        "people": list(climb.reached.people),
        "channels": list(climb.reached.channels),
        "fell_through": [list(item) for item in climb.fell_through],
        "gaps": [*climb.reached.gaps, *calls.gaps] if climb.called else list(calls.gaps),
        "deadlines": list(deadlines),
    }
    # The card stands first in the channel; whoever is paged directly is called without waiting for either.
    said = _in_channel(f"{base}:channel", "page_channel", n, payload, Priority.PAGE)
    found = [replace(said, needs=card_of(n))]
    about = {
        **payload,
        "base": base,
        "severity": incident.severity,
        "by": list(rung.by) if rung else [],
        "unless": unless_of(before, rung.until) if rung else "resolved",
    }
    found += [page_to(n, {**about, "used": list(calls.of(call.person))}, call) for call in calls.calls]
    found += [invitation(n, person) for person in climb.reached.people]
    for channel in climb.reached.channels:
        found.append(
            Notice(
                f"{base}:to:{channel}",
                "page_elsewhere",
                n,
                {**payload, "channel": channel},
                priority=Priority.PAGE,
            )
        )
    return found


def handover_asked(incident: Incident, asked: Handover) -> list[Notice]:
    """The brief with its buttons, to whoever is asked; they are invited, and of a private incident told once inside."""
    n = incident.number
    invited = invitation(n, asked.to)
    once = _handover(incident, asked)
    needs = invited.once if incident.private else None
    payload = {**handover.as_payload(asked), "person": asked.to}
    brief = Notice(once, "handover", n, payload, needs=needs, if_need_fails=IfNeedFails.SEND, priority=Priority.NUDGE)
    return [invited, brief]


def handover_nudge(incident: Incident, asked: Handover, deadline: str) -> Notice:
    payload = handover.as_payload(asked)
    once = f"{_handover(incident, asked)}:again"
    return _in_channel(once, "handover_nudge", incident.number, payload, Priority.NUDGE, deadline)


def _handover(incident: Incident, asked: Handover) -> str:
    return f"handover:{incident.number}:{asked.episode}:{asked.number}"


def _handovers_settled(before: Incident, after: Incident) -> list[Notice]:
    left = {asked.number for asked in handover.standing(after)}
    return [
        Notice(
            f"settle:{_handover(before, asked)}",
            "handover_edit",
            after.number,
            {
                "of": _handover(before, asked),
                "role": asked.role,
                "outcome": handover_ended(asked.number, before, after),
            },
            needs=_handover(before, asked),
            priority=Priority.EDIT,
        )
        for asked in handover.standing(before)
        if asked.number not in left
    ]


def shift_offer(incident: Incident, turn: Turn, to: str, called: str, deadline: str) -> Notice:
    """To whoever's turn is over: hand the role over to `to`, or stay on."""
    payload = {"person": turn.user, "role": turn.role, "schedule": turn.schedule, "to": to, "called": called}
    once = _shift_offer(incident, turn)
    return Notice(once, "shift_offer", incident.number, payload, priority=Priority.NUDGE, deadline=deadline)


def _shift_offer(incident: Incident, turn: Turn) -> str:
    return f"offer:{shifts.once(incident, turn)}"


def _shift_offers_settled(before: Incident, after: Incident) -> list[Notice]:
    left = {shifts.once(after, turn) for turn in shifts.offered(after)}
    return [
        Notice(
            f"settle:{_shift_offer(before, turn)}",
            "shift_offer_edit",
            after.number,
            {"of": _shift_offer(before, turn), "role": turn.role, "outcome": shifts.outcome(turn, after)},
            needs=_shift_offer(before, turn),
            priority=Priority.EDIT,
        )
        for turn in shifts.offered(before)
        if shifts.once(before, turn) not in left
    ]


def _requests_ended(before: Incident, after: Incident) -> list[Notice]:
    """Requests for approval end with the incident."""
    if after.open or not before.open:
        return []
    return [request_over(once, after.number) for walking in after.walks for once in walking.asking]


def _walks_told(before: Incident, after: Incident) -> list[Notice]:
    """Whether the incident goes on shows in the messages of its playbooks: what is asked, and until when."""
    if after.open == before.open:
        return []
    return [walk_edit(after.number, walking.number) for walking in after.walks if walking.outcome is None]


def walk_edit(incident: int, number: int) -> Notice:
    """Several edits become the newest. It is what whoever pressed a button waits for."""
    return Notice(
        f"walk_edit:{incident}:{number}", "walk_edit", incident, {"walk": number},
        needs=walk_of(incident, number), priority=Priority.ANSWER, again=True,
    )  # fmt: skip


def walk_of(incident: int, number: int) -> str:
    """The one message of a walk; its thread holds reminders and what runners printed."""
    return f"walk:{incident}:{number}"


def request_over(once: str, number: int) -> Notice:
    """`once` is `approval:42:1:3:channel`: of incident 42, walk 1, request 3."""
    _, _, walk, request, *_ = once.split(":")
    about = {"of": once, "walk": int(walk), "approval": int(request)}
    return Notice(f"settle:{once}", "approval_edit", number, about, needs=once, priority=Priority.EDIT)


def would_have_paged(incident: Incident, climb: Climb, why: str, cause: str, calls: Calls) -> Notice:
    """What a drill says instead of paging."""
    n = incident.number
    once = f"drill:{n}:{incident.episode}:{incident.severity}:{climb.rung or climb.label or cause}:{climb.times}"
    called = climb.called or (f"Rung {climb.rung} of the {incident.severity} ladder" if climb.rung else "")
    people: dict[str, list[str]] = {}
    for call in calls.calls:
        people.setdefault(call.person.slack or call.person.name, []).append(label(call.method))
    for person in climb.reached.people:
        people.setdefault(person, [])
    payload = {
        "called": called,
        "why": why,
        "people": people,
        "channels": list(climb.reached.channels),
        "gaps": [*(f"Rung {rung}: {gap}" for rung, gap in climb.fell_through), *climb.reached.gaps, *calls.gaps],
    }
    return _in_channel(once, "page_drill", n, payload)


def page_to(number: int, about: dict[str, Any], call: Call) -> Notice:
    """One person, by one method: a row of its own, which waits for nothing and is repeated rather than lost.

    `about` is what all pages of a rung share, with `base`, the beginning of their names.
    """
    person = call.person
    payload = {**about, "contact": person.key, "person": person.slack or person.key, "method": call.method}
    once = page_name(about["base"], call)
    if call.method == "slack":
        return Notice(once, "page_direct", number, payload, priority=Priority.PAGE)
    return Notice(once, "notify", number, {**payload, "action": "trigger"}, priority=Priority.PAGE)


def page_name(base: str, call: Call) -> str:
    if call.method == "slack":
        return f"{base}:dm:{call.person.slack}"
    return f"{base}:{call.method}:{call.person.key}"


def alert_followed(incident: Incident, alert: Alert, action: str) -> Notice:
    """Acknowledge or resolve at the vendor's what was opened there, after the last word that opened it."""
    once = f"{action}:{incident.number}:{incident.episode}:{alert.method}:{alert.severity}:{alert.contact or ''}"
    payload = {
        "action": action,
        "method": alert.method,
        "severity": alert.severity,
        "contact": alert.contact,
        "triggers": list(alert.triggers),
    }
    return Notice(
        once, "notify", incident.number, payload,
        needs=alert.triggers[-1], if_need_fails=IfNeedFails.SEND, priority=Priority.PAGE,
    )  # fmt: skip


def asking_pages(notices: Sequence[Notice]) -> tuple[str, ...]:
    """The pages whose buttons go when somebody responds or it is over."""
    return tuple(notice.once for notice in notices if notice.kind in ASKING)


def _in_channel(
    once: str,
    kind: str,
    number: int,
    payload: dict[str, Any],
    priority: Priority = Priority.NEWS,
    deadline: str | None = None,
) -> Notice:
    return Notice(
        once, kind, number, payload,
        needs=channel_of(number), if_need_fails=IfNeedFails.DIRECT, priority=priority, deadline=deadline,
    )  # fmt: skip


def _settled(before: Incident, after: Incident, policy: Policy) -> list[Notice]:
    """Edits of the live reminder and of direct pages that ask for nothing any more."""
    found: list[Notice] = []
    if before.live_nudge and (outcome := _nudge_outcome(before, after, policy)):
        found.append(nudge_settled(after.number, before.live_nudge, outcome))
    if before.live_pages and _pages_settled(before, after):
        found += [
            Notice(f"settle:{once}", "page_edit", after.number, {"of": once}, needs=once, priority=Priority.EDIT)
            for once in before.live_pages
        ]
    return found


def _followed(before: Incident, after: Incident, recorded: Sequence[Recorded]) -> list[Notice]:
    """What vendors are told of an acknowledgement or the end; not the one whose own word it was."""
    if not before.live_alerts or not _pages_settled(before, after):
        return []
    action = "acknowledge" if after.open else "resolve"
    theirs = {(r.entry.data.get("via"), r.entry.data.get("alert")) for r in recorded if r.entry.kind == "acknowledged"}
    return [
        alert_followed(before, alert, action)
        for alert in before.live_alerts
        if not after.open or (alert.method, dedup_key(before, alert.severity)) not in theirs
    ]


def without_settled(before: Incident, after: Incident, policy: Policy) -> dict[str, Any]:
    """The fields of `after` that no longer point at messages which `on_change` has settled."""
    changes: dict[str, Any] = {}
    if before.live_nudge and after.live_nudge == before.live_nudge and _nudge_outcome(before, after, policy):
        changes["live_nudge"] = None
    if before.live_pages and after.live_pages == before.live_pages and _pages_settled(before, after):
        changes["live_pages"] = ()
    if before.live_alerts and not after.open:
        changes["live_alerts"] = ()
    return changes


def _nudge_outcome(before: Incident, after: Incident, policy: Policy) -> str | None:
    if after.live_nudge != before.live_nudge:
        return "superseded"
    if not after.open:
        return f"The incident is {after.status}."
    if after.updates > before.updates:
        return f"Done: update #{after.updates} was posted."
    if after.snooze and after.snooze != before.snooze:
        return "snoozed"
    if after.promised_by and after.update_due_at != before.update_due_at:
        return "promised"
    if before.roles != after.roles and not empty_roles(after, policy) and before.unanswered == 0:
        return "Done: every required role is held."
    return None


def _pages_settled(before: Incident, after: Incident) -> bool:
    if not after.open:
        return True
    return after.ladder.acknowledged_at is not None and before.ladder.acknowledged_at is None


def _shown_outside(incident: Incident) -> tuple[Any, ...]:
    return (
        incident.title, incident.severity, incident.status, incident.channel_id, incident.roles.get("commander"),
        incident.updates, incident.ladder.acknowledged_at, incident.summary,
    )  # fmt: skip


def _looked_into(incident: Incident) -> tuple[Any, ...]:
    """What triage goes by."""
    return (incident.title, incident.description, incident.services, incident.category, incident.severity)


def _topic(incident: Incident) -> tuple[Any, ...]:
    """Slack tells the whole channel of a new topic, so it holds only what seldom changes."""
    ended = None if incident.open else incident.status
    return (incident.title, incident.severity, ended, incident.roles.get("commander"))
