"""Everything that `/incident` can do can be done in the console: each verb of the table has its page or form."""

from __future__ import annotations

import re
from pathlib import Path

from bot.slack.commands.verbs import VERBS
from tests.scenarios.running import world, written
from tests.web.console.browser import Browser, browser

OPEN, ENDED, REVIEW = "/incidents/INC-1", "/incidents/INC-2", "/incidents/INC-2/review"
# By verb: the page, and the form on it that does the same; for questions the words that answer.
FORMS = {
    "declare": ("/", "/declare"), "ack": (OPEN, f"{OPEN}/acknowledge"), "update": (OPEN, f"{OPEN}/update"),
    "status": (OPEN, f"{OPEN}/status"), "severity": (OPEN, f"{OPEN}/severity"), "role": (OPEN, f"{OPEN}/role"),
    "lead": (OPEN, f"{OPEN}/role"), "handover": (OPEN, f"{OPEN}/handover"), "join": (OPEN, f"{OPEN}/join"),
    "invite": (OPEN, f"{OPEN}/invite"), "escalate": (OPEN, f"{OPEN}/escalate"), "trigger": (OPEN, f"{OPEN}/trigger"),
    "fields": (OPEN, f"{OPEN}/fields"), "page": (OPEN, f"{OPEN}/page"), "note": (OPEN, f"{OPEN}/note"),
    "redact": (OPEN, f"{OPEN}/redact"), "impact": (OPEN, f"{OPEN}/impact"),
    "comms": (f"{OPEN}/tell?audience=internal", f"{OPEN}/communications"), "catchup": (OPEN, f"{OPEN}/catchup"),
    "snooze": (OPEN, f"{OPEN}/snooze"), "next": (OPEN, f"{OPEN}/next"), "playbook": (OPEN, f"{OPEN}/playbooks"),
    "resolve": (OPEN, f"{OPEN}/resolve"), "close": (ENDED, f"{ENDED}/close"), "cancel": (OPEN, f"{OPEN}/cancel"),
    "reopen": (ENDED, f"{ENDED}/reopen"), "merge": (OPEN, f"{OPEN}/merge"), "relate": (OPEN, f"{OPEN}/relate"),
    "tag": (OPEN, f"{OPEN}/tag"), "action": (OPEN, f"{OPEN}/actions"), "times": (OPEN, f"{OPEN}/times"),
    "review": (REVIEW, f"{REVIEW}/complete"), "policy": (OPEN, f"{OPEN}/policy"),
    "search": ("/incidents", "/incidents"), "list": ("/incidents", "/incidents"), "silence": ("/alerts", "/silences"),
    "maintenance": ("/statuspage", "/statuspage/maintenance"),
    "subscribe": ("/statuspage/subscribers", "/statuspage/subscribers"), "cover": ("/oncall", "/oncall/primary/cover"),
}  # fmt: skip
WORDS = {
    "roles": (OPEN, "Incident commander"), "timeline": (OPEN, "What happened"), "why": (OPEN, "What is next, and why"),
    "actions": ("/reviews", "Action items"), "metrics": ("/figures", "How long it took"),
    "alerts": ("/alerts", "Groups"),
    "show": (OPEN, "INC-1"), "oncall": ("/oncall", "primary"), "drill": ("/drill", "Start the drill"),
    "help": ("/", "Declare an incident"),
}  # fmt: skip
POLICY = """
preset: sev1-5
announce: "#incidents"
schedules: {primary: {members: [U0MAYA0000], start: 2026-01-05}}
fields: {ticket: {label: Ticket, kind: text}}
triggers: {leak: {name: A leak, when: security, severities: [sev1, sev2], notify: ["schedule:primary"], by: [slack]}}
status_page: {name: Example AI, preset: llm-platform, support: help@example.com}
"""


def test_every_verb_of_the_table_has_a_place() -> None:
    assert {verb.name for verb in VERBS} == FORMS.keys() | WORDS.keys()


async def furnished(maya: Browser) -> None:
    """An open incident, and one that has ended with an open review."""
    for title in ("Checkout is down", "Search is slow"):
        await maya.act("/declare", {"title": title, "severity": "sev2"})
    await maya.act("/incidents/INC-2/resolve", {"summary": "Rolled back"})
    await maya.act(f"{REVIEW}/open", {})


async def test_every_verb_is_found_at_its_place(sqlite_url: str, tmp_path: Path) -> None:
    async with world(sqlite_url, policy=written(tmp_path, POLICY)) as here, browser(here, scopes="admin") as maya:
        await furnished(maya)
        pages = {path: (await maya.get(path)).text for path, _ in [*FORMS.values(), *WORDS.values()]}
        actions = {path: set(re.findall(r'<form[^>]* action="([^"?]+)', text)) for path, text in pages.items()}
        missing = [verb for verb, (path, action) in FORMS.items() if action not in actions[path]]
        missing += [verb for verb, (path, words) in WORDS.items() if words not in pages[path]]
        assert missing == []
        caught_up = await maya.act("/incidents/INC-1/catchup", {})
        assert caught_up.status == 200
        assert "Checkout is down" in caught_up.text
        policy = await maya.get("/setup/policy")
        wrong = await maya.send(policy, "/setup/policy", text="preset: sev1-5\nseverites: {}\n")
        assert wrong.status == 422
        assert "Line 2: " in wrong.text
        right = await maya.send(policy, "/setup/policy", text=f"{POLICY}severities: {{sev1: {{respond_within: 7m}}}}\n")
        assert "It can be used; this would change" in right.text
        assert "played again with it" in right.text
        assert "says the same" in (await maya.get("/setup/policy")).text, "nothing has changed"
