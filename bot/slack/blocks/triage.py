"""Builds the triage message, which suggests what may help with an incident, and the results of a search."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.actions.item import due_text
from bot.domain.alerts.group import AlertGroup
from bot.domain.alerts.past_alert import PastAlert
from bot.domain.incident import Incident
from bot.domain.incident.status import Status
from bot.domain.policy.policy import Contact, Policy
from bot.domain.triage.probable_causes import ProbableCause
from bot.domain.triage.similarity import SimilarIncident
from bot.domain.triage.triage import Triage
from bot.domain.values.slack_ids import is_user_id
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.alerts import help_lines
from bot.slack.blocks.elements import Block, Message, button
from bot.slack.blocks.press_value import press_value
from bot.slack.text import clip, length, mention, plain, render

FIX_LENGTH = 300
TITLE_LENGTH = 150
MAX_RADIUS = 8
MAX_CAUSES = 3
MAX_FIRING, MAX_CHANGES = 5, 5
MAX_CONTACTS = 6
MAX_LINKS = 10
MAX_MATCHES = 10


def triage(incident: Incident, policy: Policy, findings: Triage, now: datetime | None = None) -> Message:
    """Similar incidents, affected services, likely causes, contacts and links, in this order. Any may be missing."""
    text = f"What may help with {incident.id}"
    if not findings.useful:
        return elements.line(f"{text}: no earlier incident looks similar now.")
    return elements.message(
        f"{phrases.drill_prefix(incident)}{text}",
        [
            elements.section(f"*{phrases.drill_prefix(incident)}What may help*"),
            *[block for match in findings.similar for block in _similar(incident, match, findings)],
            *_alerts(policy, findings, now or findings.started_at),
            *_services(policy, findings),
            *_causes(policy, findings),
            *contacts_and_links(findings.contacts, findings.links),
        ],
    )


def search_results(
    matches: Sequence[SimilarIncident], alerts: Sequence[PastAlert], policy: Policy, query: str, command: str
) -> Message:
    """The results of a search, in the given order; `alerts` were imported from an earlier tool."""
    quoted_query = f"“{render(clip(plain(query), 100))}”"
    if not matches and not alerts:
        return elements.line(
            f"No incident matches {quoted_query}. Fewer words find more. "
            f"All incidents: {elements.code(f'{command} list all')}"
        )
    text = f"{len(matches)} incident{'s' if len(matches) != 1 else ''} for {quoted_query}"
    rows = [
        elements.section(_match(match, policy), button("Show", "show", press_value(match.incident)))
        for match in matches[:MAX_MATCHES]
    ]
    return elements.message(text, [elements.section(f"*{text}*"), *rows, *_past_alerts(alerts, policy)])


def _past_alerts(alerts: Sequence[PastAlert], policy: Policy) -> list[Block]:
    lines = [
        f"• {alert.source}, {alert.fired_at.astimezone(policy.zone):%Y-%m-%d %H:%M}: "
        f"{clip(render(plain(alert.title)), TITLE_LENGTH)}"
        + (f" ({clip(render(plain(alert.acknowledged_by)), 80)} acknowledged)" if alert.acknowledged_by else "")
        for alert in alerts[:MAX_MATCHES]
    ]
    return elements.sections("*Past alerts*\n" + "\n".join(lines)) if lines else []


def percent(confidence: float) -> str:
    """Text such as `87% sure`, at most 99 %."""
    return f"{min(99, round(confidence * 100))}% sure"


def _similar(incident: Incident, match: SimilarIncident, findings: Triage) -> list[Block | None]:
    earlier = match.incident
    title = f"*{earlier.id}* · {clip(render(plain(earlier.title)), TITLE_LENGTH)}"
    if earlier.open:
        head = f":warning: {title} is open and looks the same ({percent(match.confidence)}). Is this part of it?"
        if earlier.channel_id:
            head += f" Ask in <#{earlier.channel_id}>."
    else:
        head = f":mag: Looks like {title} ({percent(match.confidence)})"
    lines = [head]
    if match.fixed:
        lines.append(f"*What fixed it:* {clip(render(match.fixed), FIX_LENGTH)}")
    if match.fix:
        lines.append(f"*Fixed by the playbook:* {clip(render(match.fix.step), FIX_LENGTH)}")
    lines += _unfinished_actions(earlier, findings)
    lines.append(f"_Why:_ {render(' · '.join(match.reasons))}")
    playbook = next(
        (candidate for candidate in findings.playbooks if match.fix and candidate.id == match.fix.playbook), None
    )
    more = None
    if playbook is not None and incident.open:
        more = button("Open playbook", "playbook_open", press_value(incident, playbook.id))
    text = "\n".join(lines)
    show = button("Show", "show", press_value(earlier))
    if more is None:
        return [elements.section(text, show)]
    return [elements.section(text), elements.actions(more, show, block_id=f"similar:{earlier.number}")]


def _unfinished_actions(earlier: Incident, findings: Triage) -> list[str]:
    """The action items after an earlier incident that were to prevent the next, and are not done."""
    items = [item for item in findings.unfinished if item.incident == earlier.number]
    if not items:
        return []
    first = items[0]
    owner = mention(first.owner) if first.owner else "nobody"
    title = clip(render(plain(first.title)), TITLE_LENGTH)
    more = f" and {len(items) - 1} more" if len(items) > 1 else ""
    return [
        f":warning: *{first.id}* {title} (owned by {owner}, {due_text(first.due)}){more} "
        f"{'were' if more else 'was'} to prevent this, still open."
    ]


def _services(policy: Policy, findings: Triage) -> list[Block | None]:
    if not findings.radius:
        return []
    near = [reach for reach in findings.radius if reach.distance == 1]
    far = [reach for reach in findings.radius if reach.distance > 1]
    affected = elements.join_comma([_name(key, policy) for key in findings.affected], MAX_RADIUS)
    guess = " (named in the title, not confirmed yet)" if findings.affected_guessed else ""
    dependents = elements.join_comma([_name(reach.key, policy) for reach in near], MAX_RADIUS)
    lines = [f":boom: *May also be affected:* {dependents} cannot work without {affected}{guess}"]
    if far:
        through = [f"{_name(reach.key, policy)} (through {_name(reach.via, policy)})" for reach in far]
        lines.append(f"and further on {elements.join_comma(through, MAX_RADIUS)}")
    return [elements.section(clip(", ".join(lines) + ".", elements.TEXT))]


def _alerts(policy: Policy, findings: Triage, now: datetime | None) -> list[Block | None]:
    """Alerts that fire for the services and what they depend on, and changes before the start."""
    if now is None:
        return []
    lines = [
        f":rotating_light: *Fires:* {_firing(group, policy)}, since {phrases.at(group.started_at, now)}"
        for group in findings.firing[:MAX_FIRING]
    ]
    if len(findings.firing) > MAX_FIRING:
        lines.append(f"… and {len(findings.firing) - MAX_FIRING} more groups of alerts")
    started_at = findings.started_at or now
    changed = help_lines.changes_before(findings.changes[:MAX_CHANGES], started_at, now)
    lines += [f":wrench: *Changed:* {line}" for line in changed]
    if len(findings.changes) > MAX_CHANGES:
        lines.append(f"… and {len(findings.changes) - MAX_CHANGES} more changes")
    return [elements.section(clip("\n".join(lines), elements.TEXT))] if lines else []


def _firing(group: AlertGroup, policy: Policy) -> str:
    services = elements.join_comma([_name(key, policy) for key in group.services], 3)
    return f"{group.id} · {clip(render(plain(group.title)), TITLE_LENGTH)} ({services})"


def _causes(policy: Policy, findings: Triage) -> list[Block | None]:
    lines = [
        f":point_right: *Possible cause:* {_probable(cause, policy)} ({percent(cause.confidence)})"
        for cause in findings.probable[:MAX_CAUSES]
        if cause.service is not None
    ]
    lines = lines or [
        f":point_right: *Possible cause:* {_name(cause.key, policy)} — {render('; '.join(cause.reasons))}"
        for cause in findings.causes[:MAX_CAUSES]
    ]
    return [elements.section(clip("\n".join(lines), elements.TEXT))] if lines else []


def _probable(cause: ProbableCause, policy: Policy) -> str:
    return f"{_name(cause.service or '', policy)} — {clip(render('; '.join(cause.evidence)), FIX_LENGTH)}"


def contacts_and_links(contacts: Sequence[Contact], links: Sequence[tuple[str, str]]) -> list[Block | None]:
    """Contacts to call and links to open. Empty if there are none."""
    lines = []
    if contacts:
        lines.append("*Call:* " + elements.join_comma([contact_line(contact) for contact in contacts], MAX_CONTACTS))
    if links:
        lines.append("*Look:* " + _links(links))
    return [elements.context("\n".join(lines))] if lines else []


def contact_line(contact: Contact) -> str:
    """The contact's name and every public way to reach them."""
    ways = [
        mention(contact.slack) if contact.slack and is_user_id(contact.slack) else "",
        render(plain(contact.phone)) if contact.phone else "",
        render(plain(contact.email)) if contact.email else "",
        _link("support portal", contact.url) if contact.url else "",
    ]
    reachable = elements.join_dots(ways)
    return f"{render(plain(contact.name or contact.key))}" + (f" ({reachable})" if reachable else "")


def _links(links: Sequence[tuple[str, str]]) -> str:
    joined = ""
    for title, address in links[:MAX_LINKS]:
        piece = _link(title, address)
        if length(joined) + length(piece) > elements.TEXT // 2:
            break
        joined += (" · " if joined else "") + piece
    return joined


def _link(title: str, address: str) -> str:
    """A link from the policy, whose check admits only http(s)."""
    if set(address) & set("<>|\n "):
        return render(plain(title))
    return f"<{address.replace('&', '&amp;')}|{render(plain(title)).replace('|', '¦')}>"


def _match(match: SimilarIncident, policy: Policy) -> str:
    incident = match.incident
    lock = " :lock:" if incident.private else ""
    state = elements.join_dots(
        [
            phrases.severity_name(incident.severity, policy),
            phrases.status_name(incident.status),
            match.reasons[-1] if match.reasons and not incident.open else "",
        ]
    )
    lines = [f"*{incident.id}* · {clip(render(plain(incident.title)), TITLE_LENGTH)}{lock}", state]
    if match.fixed and incident.status is not Status.CANCELLED:
        lines.append(f"*What fixed it:* {clip(render(match.fixed), FIX_LENGTH)}")
    elif match.fixed:
        lines.append(clip(render(match.fixed), FIX_LENGTH))
    return "\n".join(lines)


def _name(key: str, policy: Policy) -> str:
    service = policy.services.get(key)
    return render(plain(service.name if service and service.name else key))
