"""Formats timeline entries as news, for the incident's channel and the thread of its announcement.

A status update is shown in full, any other entry as one short line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.domain.incident import Incident, ReviewState
from bot.domain.policy.policy import Policy, Role
from bot.domain.routing.changes import TOLD_BY_UPDATE
from bot.domain.routing.continuations import IN_NEWS, is_cut_in_news
from bot.domain.timeline.entry import BOT, Entry, RecordedEntry
from bot.slack.blocks import elements, phrases, policy_change
from bot.slack.blocks.elements import Message
from bot.slack.text import clip, escape, mention, plain, render

NOTE = IN_NEWS
DUTIES = 3  # the others are a command away
IN_THREAD = "in the thread"


def news_line(entry: Entry, incident: Incident, policy: Policy) -> Message:
    """One short line: who did what, and why if they gave a reason."""
    return elements.line(f"{phrases.drill_prefix(incident)}{news_text(entry, incident, policy)}")


def news_text(entry: Entry, incident: Incident, policy: Policy) -> str:
    """The line as mrkdwn, to stand among others."""
    formatter = _FORMATTERS.get(entry.kind)
    return formatter(entry, incident, policy) if formatter else _other(entry)


def recorded_message(record: RecordedEntry, incident: Incident, policy: Policy, location: str = IN_THREAD) -> Message:
    """An entry as it is now; an erased entry shows only that it was erased, and why.

    `location` says where to read a text in full that is longer than the message.
    """
    if not record.purged:
        return entry_message(record.entry, incident, policy, location)
    head = f"{mention(record.entry.actor)} · {render(record.entry.kind.replace('_', ' '))}"
    if record.redaction is None:
        return elements.line(f"{head}: _the text was deleted under the retention policy_")
    by = f"redacted by {mention(record.redaction.by)}: {clip(render(record.redaction.reason), NOTE)}"
    return elements.line(f"{phrases.drill_prefix(incident)}{head}: _{by}_")


def entry_message(entry: Entry, incident: Incident, policy: Policy, location: str = IN_THREAD) -> Message:
    """A status update in full, as far as it fits; any other entry as a line."""
    if entry.kind == "update":
        return update_message(entry, incident, policy, location)
    message = news_line(entry, incident, policy)
    if not is_cut_in_news(entry):
        return message
    return elements.message(message.text, [*message.blocks, elements.context(f"All of it is {location}.")])


def change_news(
    records: Sequence[RecordedEntry], incident: Incident, policy: Policy, location: str = IN_THREAD
) -> Message:
    """One message about the entries of one change. A status update includes what was changed with it."""
    update = next((r for r in records if r.entry.kind == "update" and not r.purged), None)
    roles = [r for r in records if r.entry.kind == "role" and not r.purged]
    messages = []
    for record in records:
        if record is update:
            changes = [r.entry for r in records if r.entry.kind in TOLD_BY_UPDATE and not r.purged]
            messages.append(update_message(record.entry, incident, policy, location, changes))
        elif len(roles) > 1 and record in roles:
            if record is roles[0]:
                messages.append(_roles_set([r.entry for r in roles], incident, policy))
        elif update is None or record.entry.kind not in TOLD_BY_UPDATE or record.purged:
            messages.append(recorded_message(record, incident, policy, location))
    return combined_message(messages)


def combined_message(messages: Sequence[Message]) -> Message:
    """Join the messages that one command caused into a single message."""
    if len(messages) == 1:
        return messages[0]
    text = "\n".join(message.text for message in messages)
    return elements.message(text or "News", [block for message in messages for block in message.blocks])


def update_message(
    entry: Entry, incident: Incident, policy: Policy, location: str = IN_THREAD, changes: Sequence[Entry] = ()
) -> Message:
    """A status update, as much of it as fits, with the status and severity at the time of writing.

    `changes` are the entries of what its author changed with it.
    """
    number = entry.data.get("number", incident.updates)
    by_kind = {change.kind: change.data for change in changes}
    severity = str(entry.data.get("severity", incident.severity))
    status = phrases.status_name(str(entry.data.get("status", incident.status)))
    text = render(entry.text)
    state = elements.join_dots([_status_text(status, by_kind), _severity_text(severity, by_kind, policy)])
    head = f"*Update #{number}* · {state}"
    foot = f"by {mention(entry.actor)}"
    if number == incident.updates and incident.update_due_at and incident.open:
        foot += f" · next update due {elements.moment(incident.update_due_at)}"
    pages = elements.text_pages(text) or [[""]]
    if len(pages) > 1:
        foot += f" · it goes on {location}"
    first, *more = pages[0]
    return elements.message(
        f"{phrases.drill_prefix(incident)}{incident.id} update #{number} ({status.lower()}): {clip(text, 500)}",
        [elements.section(f"{head}\n{first}"), *[elements.section(chunk) for chunk in more], elements.context(foot)],
    )


def duties_message(role: Role, incident: Incident, command: str = "/incident") -> Message:
    """The message to the new holder of a role: its duties, and how to hand it over."""
    title = render(plain(role.title))
    lines = [f"You are *{title}* of {phrases.title(incident)}."]
    if role.description:
        lines.append(render(role.description))
    lines += [f"• {render(duty)}" for duty in role.duties[:DUTIES]]
    if len(role.duties) > DUTIES:
        lines.append(f"All {len(role.duties)} duties: `{command} roles --in {incident.id}`")
    where = f"Go to {phrases.channel_link(incident)}. " if incident.channel_id else ""
    return elements.message(
        f"{phrases.drill_prefix(incident)}You are {title} of {phrases.title(incident)}",
        [
            elements.section(f"{phrases.drill_prefix(incident)}" + "\n".join(lines)),
            elements.context(f"{where}Can't? Give it to someone else: `{command} role {escape(role.key)} @user`"),
        ],
    )


def _status_text(status: str, changes: Mapping[str, Mapping[str, Any]]) -> str:
    """The status, and the one before where the update changed it."""
    ends = [kind for kind in ("resolved", "closed", "cancelled") if kind in changes]
    if ends:
        return f"{status} → *{phrases.status_name(ends[-1])}*"
    before = changes.get("status", {}).get("before")
    return f"{phrases.status_name(str(before))} → *{status}*" if before else status


def _severity_text(severity: str, changes: Mapping[str, Mapping[str, Any]], policy: Policy) -> str:
    name, before = phrases.severity_name(severity, policy), changes.get("severity", {}).get("before")
    return f"{render(str(before))} → *{name}*" if before else name


def _roles_set(entries: Sequence[Entry], incident: Incident, policy: Policy) -> Message:
    """Several roles that one person set in one form, in one line."""
    parts = []
    for entry in entries:
        user = entry.data.get("user")
        parts.append(f"*{_role_title(entry, policy)}* {mention(str(user)) if user else 'no one now'}")
    line = f"{mention(entries[0].actor)} set the roles: {', '.join(parts)}."
    return elements.line(f"{phrases.drill_prefix(incident)}{line}")


def _acknowledged(entry: Entry, incident: Incident, policy: Policy) -> str:
    return f":raised_hand: {mention(entry.actor)} acknowledged and is responding."


def _status(entry: Entry, incident: Incident, policy: Policy) -> str:
    before, after = entry.data.get("before", ""), entry.data.get("after", "")
    change = f"{render(str(before))} → *{render(str(after))}*" if after else render(entry.text)
    return f"{mention(entry.actor)} changed the status: {change}{_because(entry.data.get('note'))}"


def _severity(entry: Entry, incident: Incident, policy: Policy) -> str:
    before, after = str(entry.data.get("before", "")), str(entry.data.get("after", incident.severity))
    how = "raised" if entry.data.get("raised") else "lowered"
    name = phrases.severity_name(after, policy)
    change = f"{how} the severity from {render(before)} to *{name}*"
    return f"{mention(entry.actor)} {change}{_because(entry.data.get('reason'))}"


def _role(entry: Entry, incident: Incident, policy: Policy) -> str:
    user, title = entry.data.get("user"), _role_title(entry, policy)
    if user:
        by = "" if user == entry.actor else f", named by {mention(entry.actor)}"
        return f"{mention(str(user))} is now *{title}*{by}."
    return f"{mention(entry.actor)} cleared *{title}*: no one has it now."


def _role_title(entry: Entry, policy: Policy) -> str:
    key = str(entry.data.get("role", ""))
    return render(plain(str(entry.data.get("title") or phrases.role_of(key, policy).title)))


def _handover(entry: Entry, incident: Incident, policy: Policy) -> str:
    data = entry.data
    title, to = render(plain(str(data.get("title", "")))), mention(str(data.get("to", "")))
    keeps = f" {mention(str(data['holder']))} keeps it" if data.get("holder") else " No one has it"
    asker = f" ({mention(str(data['by']))} asked)" if data.get("by") != data.get("holder") else ""
    match data.get("state"):
        case "asked":
            return f"{mention(entry.actor)} asks {to} to take over as *{title}*.{keeps} until they accept."
        case "stays":
            schedule = render(plain(str(data.get("schedule", ""))))
            return f"{mention(entry.actor)} stays on as *{title}* after the end of their shift on {schedule}."
        case "declined":
            return f"{to} declined to take over as *{title}*.{keeps}.{asker}"
        case "unanswered":
            return f"{to} did not answer the request to take over as *{title}*.{keeps}.{asker}"
    return f"{to} accepted and takes over as *{title}*."


def _escalated(entry: Entry, incident: Incident, policy: Policy) -> str:
    if entry.data.get("by_hand"):
        return f":rotating_light: {mention(entry.actor)} escalated{_because(entry.text)}"
    if entry.data.get("declined"):
        return f"{mention(entry.actor)} can't respond."
    return f":rotating_light: {clip(render(entry.text), NOTE)}"


def _note(entry: Entry, incident: Incident, policy: Policy) -> str:
    """News from a paging vendor; other notes are not news."""
    return f":bell: {clip(render(entry.text), NOTE)}"


def _resolved(entry: Entry, incident: Incident, policy: Policy) -> str:
    is_draft_again = (
        incident.review is not None and incident.review.taken_up and incident.review.state is ReviewState.DRAFT
    )
    review = "\n:memo: Its review is a draft again: what people wrote stays." if is_draft_again else ""
    return f":white_check_mark: {mention(entry.actor)} *resolved* {incident.id}{_because(entry.text)}{review}"


def _closed(entry: Entry, incident: Incident, policy: Policy) -> str:
    return f"{mention(entry.actor)} closed {incident.id}: nothing is left to do."


def _cancelled(entry: Entry, incident: Incident, policy: Policy) -> str:
    return f"{mention(entry.actor)} cancelled {incident.id}{_because(entry.text)}"


def _reopened(entry: Entry, incident: Incident, policy: Policy) -> str:
    return f":rotating_light: {mention(entry.actor)} *reopened* {incident.id}{_because(entry.text)}"


def _channel_lost(entry: Entry, incident: Incident, policy: Policy) -> str:
    loss = clip(render(entry.text), NOTE) if entry.actor == BOT else f"{mention(entry.actor)} {render(entry.text)}"
    return f":warning: {incident.id}: {loss}. Until it is back, the incident commander gets what would be posted there."


def _channel_back(entry: Entry, incident: Incident, policy: Policy) -> str:
    return f"{incident.id} goes on in {phrases.channel_link(incident)}."


def _merged(entry: Entry, incident: Incident, policy: Policy) -> str:
    channel = entry.data.get("channel")
    where = f" <#{channel}>" if channel else ""
    if into := entry.data.get("into"):
        return (
            f":twisted_rightwards_arrows: {mention(entry.actor)} merged {incident.id} into *INC-{into}*{where}. "
            f"Go on there: reminders and pages have stopped here."
        )
    merged_id = f"INC-{entry.data.get('merged')}"
    return f":twisted_rightwards_arrows: {mention(entry.actor)} merged *{merged_id}*{where} into {incident.id}."


def _related(entry: Entry, incident: Incident, policy: Policy) -> str:
    return f":link: {mention(entry.actor)} noted: {clip(render(entry.text), NOTE)}"


def _snoozed(entry: Entry, incident: Incident, policy: Policy) -> str:
    until = entry.data.get("until")
    when = elements.moment(datetime.fromisoformat(until)) if until else ""
    if entry.data.get("promise"):
        return f"{mention(entry.actor)} promises the next update by {when}."
    if entry.data.get("ended"):
        return f"{mention(entry.actor)} ended the snooze: reminders go out again."
    return f":zzz: {mention(entry.actor)} snoozed the reminders until {when}. Pages still go out."


def _policy(entry: Entry, incident: Incident, policy: Policy) -> str:
    changes = policy_change.change_lines(entry.data.get("changes") or ())
    return f"{mention(entry.actor)} applied the current policy to {incident.id}:\n{changes}"


def _sent(entry: Entry, incident: Incident, policy: Policy) -> str:
    by = "" if entry.actor == BOT else f" · by {mention(entry.actor)}"
    return f":mega: {clip(render(entry.text), NOTE)}{by}"


def _other(entry: Entry) -> str:
    return f"{mention(entry.actor)} · {render(entry.kind.replace('_', ' '))}: {clip(render(entry.text), NOTE)}"


def _because(text: object) -> str:
    """The reason after a colon, or a full stop."""
    return f": {clip(render(str(text)), NOTE)}" if text else "."


ACTION_VERBS = {  # by what happened to the item
    "created": "added", "edited": "changed", "begun": "began", "completed": "finished", "deferred": "decided against",
    "reopened": "reopened", "postponed": "moved",
}  # fmt: skip


def _action(entry: Entry, incident: Incident, policy: Policy) -> str:
    item, event = str(entry.data.get("action") or ""), str(entry.data.get("event"))
    text = entry.text
    if event == "checklists":
        text = f"added {text}"
    elif event in ACTION_VERBS and item and text.startswith(f"{item} "):
        if event not in ("created", "edited"):  # others say what happened before the title
            text = f"{item}: {text.partition(': ')[2]}"
        text = f"{ACTION_VERBS[event]} {text}"
    return f":ballot_box_with_check: {mention(entry.actor)} {clip(render(text), NOTE)}"


def _review(entry: Entry, incident: Incident, policy: Policy) -> str:
    if held_at := entry.data.get("held_at"):
        verb = "moved the review to" if entry.text.startswith("moved") else "scheduled the review for"
        return f":calendar: {mention(entry.actor)} {verb} {elements.moment(_instant(held_at))}"
    text, url = entry.text, str(entry.data.get("url") or "")
    if url.startswith(("https://", "http://")) and url in text:
        before, _, after = text.partition(url)
        return (
            f":memo: {mention(entry.actor)} {render(before)}{elements.link(url, 'open it')}{clip(render(after), NOTE)}"
        )
    return f":memo: {mention(entry.actor)} {clip(render(text), NOTE)}"


def _instant(text: object) -> datetime:
    return datetime.fromisoformat(str(text))


def _times(entry: Entry, incident: Incident, policy: Policy) -> str:
    return f":clock3: {mention(entry.actor)} corrected a time: {clip(render(entry.text), NOTE)}"


_FORMATTERS: dict[str, Callable[[Entry, Incident, Policy], str]] = {
    "sent": _sent,
    "acknowledged": _acknowledged,
    "status": _status,
    "severity": _severity,
    "role": _role,
    "escalated": _escalated,
    "note": _note,
    "handover": _handover,
    "resolved": _resolved,
    "closed": _closed,
    "cancelled": _cancelled,
    "reopened": _reopened,
    "snoozed": _snoozed,
    "merged": _merged,
    "related": _related,
    "policy": _policy,
    "channel_lost": _channel_lost,
    "channel_back": _channel_back,
    "action": _action,
    "review": _review,
    "times": _times,
}
