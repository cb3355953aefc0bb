"""What may help, at declare: one short message that edits itself. And incidents found by words."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.incident import Incident
from bot.domain.incident.status import Status
from bot.domain.policy.policy import Contact, Policy
from bot.domain.triage.similarity import SimilarIncident
from bot.domain.triage.triage import Triage
from bot.domain.values.slack_ids import is_user_id
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.elements import Block, Message, button
from bot.slack.text import clip, length, mention, plain, render

FIXED = 300
TITLE = 150
RADIUS = 8
CAUSES = 3
CONTACTS = 6
LINKS = 10
FOUND = 10


def triage(incident: Incident, policy: Policy, found: Triage) -> Message:
    """Nothing in it has to be done; what is surest comes first."""
    words = f"What may help with {incident.id}"
    if not found.useful:
        return elements.line(f"{words}: nothing known any more looks like it.")
    return elements.message(
        f"{phrases.drill_prefix(incident)}{words}",
        [
            elements.section(f"*{phrases.drill_prefix(incident)}What may help*"),
            *[block for one in found.similar for block in _similar(incident, one, found)],
            *_services(policy, found),
            *_causes(policy, found),
            *whom_and_where(found.contacts, found.links),
        ],
    )


def searched(found: Sequence[SimilarIncident], policy: Policy, asked: str, command: str) -> Message:
    """The answer to a search, the best first."""
    what = f"“{render(clip(plain(asked), 100))}”"
    if not found:
        return elements.line(
            f"No incident has the words {what}. Fewer words find more. "
            f"Every one: {elements.code(f'{command} list all')}"
        )
    words = f"{len(found)} incident{'s' if len(found) != 1 else ''} for {what}"
    rows = [elements.section(_found(one, policy), button("Show", "show", one.incident.id)) for one in found[:FOUND]]
    return elements.message(words, [elements.section(f"*{words}*"), *rows])


def percent(confidence: float) -> str:
    """Nothing is certain: 99 % at most."""
    return f"{min(99, round(confidence * 100))}% sure"


def _similar(incident: Incident, one: SimilarIncident, found: Triage) -> list[Block | None]:
    known = one.incident
    title = f"*{known.id}* · {clip(render(plain(known.title)), TITLE)}"
    if known.open:
        head = f":warning: {title} is open and looks the same ({percent(one.confidence)}). Is this part of it?"
        if known.channel_id:
            head += f" Ask in <#{known.channel_id}>."
    else:
        head = f":mag: Looks like {title} ({percent(one.confidence)})"
    lines = [head]
    if one.fixed:
        lines.append(f"*What fixed it:* {clip(render(one.fixed), FIXED)}")
    if one.fix:
        lines.append(f"*Mended by the playbook:* {clip(render(one.fix.step), FIXED)}")
    lines.append(f"_Why:_ {render(' · '.join(one.reasons))}")
    opens = next((book for book in found.playbooks if one.fix and book.id == one.fix.playbook), None)
    more = button("Open playbook", "playbook_open", f"{incident.id}:{opens.id}") if opens and incident.open else None
    text = "\n".join(lines)
    show = button("Show", "show", known.id)
    if more is None:
        return [elements.section(text, show)]
    return [elements.section(text), elements.actions(more, show, block_id=f"similar:{known.number}")]


def _services(policy: Policy, found: Triage) -> list[Block | None]:
    if not found.radius:
        return []
    near = [reach for reach in found.radius if reach.distance == 1]
    far = [reach for reach in found.radius if reach.distance > 1]
    whose = elements.join_comma([_name(key, policy) for key in found.affected], RADIUS)
    guess = " (named in the title; nobody has said so yet)" if found.affected_guessed else ""
    lines = [
        f":boom: *May be hit, too:* {elements.join_comma([_name(reach.key, policy) for reach in near], RADIUS)} "
        f"cannot work without {whose}{guess}"
    ]
    if far:
        through = [f"{_name(reach.key, policy)} (through {_name(reach.via, policy)})" for reach in far]
        lines.append(f"and further on {elements.join_comma(through, RADIUS)}")
    return [elements.section(clip(", ".join(lines) + ".", elements.TEXT))]


def _causes(policy: Policy, found: Triage) -> list[Block | None]:
    lines = [
        f":point_right: *May come from* {_name(cause.key, policy)}: {render('; '.join(cause.reasons))}"
        for cause in found.causes[:CAUSES]
    ]
    return [elements.section(clip("\n".join(lines), elements.TEXT))] if lines else []


def whom_and_where(contacts: Sequence[Contact], links: Sequence[tuple[str, str]]) -> list[Block | None]:
    lines = []
    if contacts:
        lines.append("*Call:* " + elements.join_comma([contact(one) for one in contacts], CONTACTS))
    if links:
        lines.append("*Look:* " + _links(links))
    return [elements.context("\n".join(lines))] if lines else []


def contact(one: Contact) -> str:
    """Who it is and every way to them that anybody may use."""
    ways = [
        mention(one.slack) if one.slack and is_user_id(one.slack) else "",
        render(plain(one.phone)) if one.phone else "",
        render(plain(one.email)) if one.email else "",
        _link("support portal", one.url) if one.url else "",
    ]
    said = elements.join_dots(ways)
    return f"{render(plain(one.name or one.key))}" + (f" ({said})" if said else "")


def _links(links: Sequence[tuple[str, str]]) -> str:
    said = ""
    for title, address in links[:LINKS]:
        piece = _link(title, address)
        if length(said) + length(piece) > elements.TEXT // 2:
            break
        said += (" · " if said else "") + piece
    return said


def _link(title: str, address: str) -> str:
    """Of the policy, which lets nothing but http(s) in."""
    if set(address) & set("<>|\n "):
        return render(plain(title))
    return f"<{address.replace('&', '&amp;')}|{render(plain(title)).replace('|', '¦')}>"


def _found(one: SimilarIncident, policy: Policy) -> str:
    known = one.incident
    lock = " :lock:" if known.private else ""
    state = elements.join_dots(
        [
            phrases.severity_name(known.severity, policy),
            phrases.status_name(known.status),
            one.reasons[-1] if one.reasons and not known.open else "",
        ]
    )
    lines = [f"*{known.id}* · {clip(render(plain(known.title)), TITLE)}{lock}", state]
    if one.fixed and known.status is not Status.CANCELLED:
        lines.append(f"*What fixed it:* {clip(render(one.fixed), FIXED)}")
    elif one.fixed:
        lines.append(clip(render(one.fixed), FIXED))
    return "\n".join(lines)


def _name(key: str, policy: Policy) -> str:
    service = policy.services.get(key)
    return render(plain(service.name if service and service.name else key))
