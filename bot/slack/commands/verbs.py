"""Lists the verbs (the words after `/incident`, such as `ack`), from which the parser and the help are built.

A new verb needs an entry here and a handler in `bot.slack.listeners.handlers`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from bot.domain.policy.policy import Policy


class Grammar(Enum):
    """What may follow a verb; `bot.slack.commands.grammar` has a parser for each."""

    NOTHING = auto()
    DECLARATION = auto()
    WORDS = auto()  # optional free text
    TEXT = auto()  # free text that must be there
    STATUS = auto()
    SEVERITY = auto()
    ROLE = auto()
    PERSON = auto()
    PEOPLE = auto()
    SPAN = auto()
    SNOOZE = auto()
    ALL = auto()
    FILTER = auto()
    ID = auto()
    TOPIC = auto()
    SCHEDULE = auto()
    COVER = auto()
    PAGE = auto()
    DRILL = auto()
    HANDOVER = auto()
    POLICY = auto()
    ACTION = auto()
    ACTIONS = auto()
    METRICS = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Verb:
    """One entry of the table. `usages` and `example` leave out the command's name.

    `example` works under every policy: `{worst}` and `{mild}` become two of its severities, `{role}` and `{title}` its
    first role, `{schedule}` its first schedule.
    """

    name: str
    grammar: Grammar
    usages: tuple[str, ...]
    example: str
    summary: str
    aliases: tuple[str, ...] = ()
    needs_incident: bool = True  # the channel's, unless `--in` names another
    takes_incident: bool = False  # `--in` may name one, but none is needed


VERBS: tuple[Verb, ...] = (
    Verb(
        "declare",
        Grammar.DECLARATION,
        ("declare", "declare <severity> <title>", "<severity> <title>"),
        "declare {mild} Checkout is down",
        "declare an incident: at once with a severity first, else in a form; --private limits it to those invited",
        aliases=("new", "open"),
        needs_incident=False,
    ),
    Verb("ack", Grammar.NOTHING, ("ack",), "ack", "say that you are responding", aliases=("acknowledge",)),
    Verb(
        "update",
        Grammar.WORDS,
        ("update", "update <text>"),
        "update Rolled back, error rate is falling",
        "post a status update; without text it opens the form",
    ),
    Verb(
        "status",
        Grammar.STATUS,
        ("status", "status <status> [note]"),
        "status identified Bad deploy at 02:47",
        "change the status: acknowledged, investigating, identified, mitigating, monitoring, resolved; "
        "without one it opens the form",
    ),
    Verb(
        "severity",
        Grammar.SEVERITY,
        ("severity", "severity <level> [reason]"),
        "severity {worst} All customers are affected",
        "raise or lower the severity; raising it pages people again; without one it opens the form",
        aliases=("sev",),
    ),
    Verb(
        "role",
        Grammar.ROLE,
        ("role", "role <role> @user", "role <role> none"),
        "role {role} @maya",
        "assign a role, or clear it; without one it opens the form",
    ),
    Verb("roles", Grammar.NOTHING, ("roles",), "roles", "show who has which role, and what each role does"),
    Verb("lead", Grammar.PERSON, ("lead @user",), "lead @maya", "make a person incident commander"),
    Verb(
        "handover",
        Grammar.HANDOVER,
        ("handover", "handover @user", "handover <role> @user"),
        "handover @maya",
        "ask a person to take over a role; you keep it until they accept; without a person it opens the form",
        aliases=("hand-over",),
    ),
    Verb("join", Grammar.NOTHING, ("join",), "join", "join the incident channel"),
    Verb("invite", Grammar.PEOPLE, ("invite @user …",), "invite @maya @tom", "invite people to the incident channel"),
    Verb(
        "escalate",
        Grammar.WORDS,
        ("escalate [reason]",),
        "escalate We need the database people",
        "page the next rung of the ladder now",
    ),
    Verb(
        "trigger",
        Grammar.WORDS,
        ("trigger", "trigger <name> [reason]"),
        "trigger",
        "report an event for which the policy pages people; without a name it lists them",
    ),
    Verb(
        "fields",
        Grammar.NOTHING,
        ("fields",),
        "fields",
        "answer your organisation's own questions, or change the answers",
        aliases=("details",),
    ),
    Verb(
        "page",
        Grammar.PAGE,
        ("page @user [reason]", "page <schedule> [reason]"),
        "page @maya We need an expert for the queue",
        "page one person, or the person on call",
    ),
    Verb(
        "note",
        Grammar.WORDS,
        ("note", "note <text>"),
        "note Deploy 4512 went out at 02:47",
        "add a key entry to the timeline; without text it opens the form",
    ),
    Verb(
        "redact",
        Grammar.WORDS,
        ("redact", "redact <link to a message> <reason>"),
        "redact",
        "strike words that should not have been said: yours, or any if you lead; their hashes stay",
    ),
    Verb(
        "impact",
        Grammar.NOTHING,
        ("impact",),
        "impact",
        "record the impact: services, regions, users, revenue, SLA; it may page people",
    ),
    Verb(
        "comms",
        Grammar.WORDS,
        ("comms", "comms <audience>"),
        "comms customers",
        "tell an audience: the text from its template, who gets it, and who was told when",
        aliases=("communications", "tell"),
    ),
    Verb(
        "timeline", Grammar.ALL, ("timeline", "timeline all"), "timeline", "show what happened: the key entries, or all"
    ),
    Verb(
        "catchup",
        Grammar.NOTHING,
        ("catchup",),
        "catchup",
        "show what happened since you last looked, who leads, and what comes next",
        aliases=("catch-up",),
    ),
    Verb("why", Grammar.NOTHING, ("why",), "why", "show every reminder and page: due, sent or not, and the reason"),
    Verb(
        "snooze",
        Grammar.SNOOZE,
        ("snooze", "snooze <duration>", "snooze off"),
        "snooze 30m",
        "pause reminders for a while, or let them go out again; pages still go out",
    ),
    Verb("next", Grammar.SPAN, ("next <duration>",), "next 1h", "promise the next update within this time"),
    Verb(
        "playbook",
        Grammar.WORDS,
        ("playbook", "playbook <id or words>"),
        "playbook the database is slow",
        "find a playbook that fits, or open the one you name",
        aliases=("playbooks", "runbook", "runbooks"),
    ),
    Verb(
        "resolve",
        Grammar.WORDS,
        ("resolve", "resolve <summary>"),
        "resolve Rolled back deploy 4512",
        "end the incident; without a summary it opens the form",
    ),
    Verb("close", Grammar.NOTHING, ("close",), "close", "close it once nothing is left to do"),
    Verb(
        "cancel",
        Grammar.WORDS,
        ("cancel", "cancel <reason>"),
        "cancel False alarm, the probe was misconfigured",
        "end it as a false alarm; without a reason it opens the form",
    ),
    Verb(
        "reopen",
        Grammar.WORDS,
        ("reopen", "reopen <reason>"),
        "reopen Errors are back since 04:10",
        "open it again; reminders and pages start afresh; without a reason it opens the form",
    ),
    Verb(
        "merge",
        Grammar.OTHER,
        ("merge", "merge <ID>"),
        "merge INC-7",
        "end this incident as merged into another: its people and alerts go there; without an ID it opens the form",
    ),
    Verb(
        "relate",
        Grammar.OTHER,
        ("relate", "relate <ID>"),
        "relate INC-7",
        "note in both that another incident has to do with this one; without an ID it opens the form",
        aliases=("related",),
    ),
    Verb(
        "tag",
        Grammar.WORDS,
        ("tag", "tag <words>", "tag -<word>", "tag none"),
        "tag checkout database",
        "tag the incident, or take tags away; without words it opens the form",
        aliases=("label",),
    ),
    Verb(
        "action",
        Grammar.ACTION,
        ("action", "action <title> @owner [by <date>] [P0–P3]"),
        "action Alert on pool usage @maya by friday P1",
        "add an action item: what is to be done, by whom, until when; without words it opens the form",
    ),
    Verb(
        "actions",
        Grammar.ACTIONS,
        ("actions [mine|overdue|all]", "actions checklists"),
        "actions mine",
        "list action items: of this incident, yours, those overdue, or all; add the checklists of the days after",
        needs_incident=False,
        takes_incident=True,
    ),
    Verb(
        "times",
        Grammar.NOTHING,
        ("times",),
        "times",
        "correct when it started, was detected, mitigated, resolved; every figure follows",
    ),
    Verb(
        "review",
        Grammar.NOTHING,
        ("review",),
        "review",
        "the post-incident review: read, edit, ask, schedule, complete, publish; opens it if it is not open yet",
        aliases=("postmortem", "post-mortem", "retro"),
    ),
    Verb(
        "policy",
        Grammar.POLICY,
        ("policy", "policy apply"),
        "policy",
        "preview the policy in force for an incident declared under another, then apply it",
    ),
    Verb(
        "list",
        Grammar.FILTER,
        ("list [open|all|<severity> …]",),
        "list all",
        "list incidents, by default the open ones",
        needs_incident=False,
    ),
    Verb(
        "search",
        Grammar.TEXT,
        ("search <words>",),
        "search connection pool exhausted",
        "search incidents by words; shows what fixed them",
        aliases=("find",),
        needs_incident=False,
    ),
    Verb(
        "metrics",
        Grammar.METRICS,
        ("metrics [30d|90d|<from> <to>] [severity|service|category|team [<which>]]", "metrics load [30d]"),
        "metrics 90d service",
        "how many incidents there were, how long they took, and whether that became better or worse",
        aliases=("figures",),
        needs_incident=False,
    ),
    Verb(
        "alerts",
        Grammar.NOTHING,
        ("alerts",),
        "alerts",
        "show the alerts of this channel's incident; elsewhere all that fire",
        needs_incident=False,
    ),
    Verb(
        "silence",
        Grammar.WORDS,
        ("silence", "silence <label=value> … for <duration> [reason]"),
        "silence alertname=HighErrors for 2h Load test",
        "silence alerts by their labels for a while; without words it opens the form",
        needs_incident=False,
    ),
    Verb(
        "maintenance",
        Grammar.WORDS,
        ("maintenance", "maintenance list"),
        "maintenance list",
        "plan maintenance on the status page, which begins and ends by itself; or list what is planned",
        needs_incident=False,
    ),
    Verb(
        "subscribe",
        Grammar.WORDS,
        ("subscribe", "subscribe <component>"),
        "subscribe",
        "have this channel told of what is published on the status page; the same again ends it",
        needs_incident=False,
    ),
    Verb("show", Grammar.ID, ("show <ID>",), "show INC-1", "show an incident's current state"),
    Verb(
        "oncall",
        Grammar.SCHEDULE,
        ("oncall [schedule]",),
        "oncall",
        "show who is on call now and next",
        aliases=("on-call",),
        needs_incident=False,
    ),
    Verb(
        "cover",
        Grammar.COVER,
        (
            "cover",
            "cover <schedule> for <duration>",
            "cover <schedule> from <time> for <duration>",
            "cover <schedule> from <time> until <time>",
            "cover <schedule> none",
        ),
        "cover {schedule} from tomorrow 18:00 for 12h",
        "take over on-call for a while, now or later; without arguments it opens the form",
        needs_incident=False,
    ),
    Verb(
        "drill",
        Grammar.DRILL,
        ("drill [title]", "drill <severity> <title>", "drill <INC-42> [at 10x]"),
        "drill {worst} The database is gone",
        "run a test incident: marked everywhere, pages nobody, counts nowhere",
        needs_incident=False,
    ),
    Verb(
        "help",
        Grammar.TOPIC,
        ("help [verb]",),
        "help role",
        "show this list, or more about one verb",
        needs_incident=False,
    ),
)

BY_NAME: dict[str, Verb] = {name: verb for verb in VERBS for name in (verb.name, *verb.aliases)}


def example(verb: Verb, policy: Policy, command: str) -> str:
    """The verb's example as a whole line that works under this policy."""
    severities = policy.severities
    role = policy.roles[0] if policy.roles else None
    values = {
        "{worst}": severities[0].key,
        "{mild}": severities[len(severities) // 2].key,
        "{role}": role.key if role else "commander",
        "{title}": role.title if role else "Incident commander",
        "{schedule}": next(iter(policy.schedules), "primary"),
    }
    line = verb.example
    for name, value in values.items():
        line = line.replace(name, value)
    return f"{command} {line}"
