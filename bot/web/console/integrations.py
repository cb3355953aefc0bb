"""The tests of integrations on the page **Setup**: each makes one harmless call, and says what happened.

A page goes to the visitor. Trackers, wikis, Statuspage and Prometheus are only read. The heartbeat is called once. A
webhook gets an event of the type `test`, through the outbox.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bot.domain.actions.ticket import TrackerKind
from bot.domain.errors import DeliveryError
from bot.domain.paging.people import person_by_address
from bot.domain.policy.policy import Policy
from bot.domain.policy.webhook_rules import WebhookRule
from bot.integrations.prometheus import Address, Prometheus, PrometheusError
from bot.integrations.protocol import Action, Notifier, Page
from bot.integrations.statuspage import Statuspage
from bot.integrations.trackers.protocol import Tracker
from bot.integrations.wikis.protocol import Wiki
from bot.usecases.webhook_check import send_test_event
from bot.web.console.visitor import Visitor

NOT_SET_UP = "It is not set up."
MOST_PROJECTS = 10  # of a tracker, read in one test
MOST_NAMED = 5  # components in one sentence
TITLE_OF_NO_PAGE = "A test by Tocsin: there is no such page"
LABELS = {TrackerKind.GITHUB: "GitHub", TrackerKind.JIRA: "Jira", TrackerKind.LINEAR: "Linear"}

Test = Callable[[Visitor], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Integration:
    """Another system that Tocsin calls."""

    name: str  # in the address of its test
    label: str
    test: Test = field(repr=False)  # returns what happened, and how to fix it
    missing: Sequence[str] = ()  # the settings that it still needs


def slack_test(problem: Callable[[], Awaitable[str | None]]) -> Test:
    """Ask Slack who we are. `problem` returns what is wrong with Slack, or None."""

    async def test(visitor: Visitor) -> str:
        return await problem() or "Slack answers."

    return test


def paging_test(notifier: Notifier | None, method: str) -> Test:
    """Page the visitor by one method. An incident that PagerDuty opens for it is resolved at once."""

    async def test(visitor: Visitor) -> str:
        if notifier is None:
            return NOT_SET_UP
        name = _unique_name()
        try:
            receipt = await notifier.send(_test_page(visitor, Action.TRIGGER, name))
            if method == "pagerduty":
                await notifier.send(_test_page(visitor, Action.RESOLVE, name))
        except DeliveryError as error:
            return f"It failed: {error}"
        return f"Sent; {receipt.vendor} answered {receipt.status or 'that it has it'}."

    return test


def prometheus_test(address: Address | None) -> Test:
    """Evaluate a constant in Prometheus, which shows whether it answers."""

    async def test(visitor: Visitor) -> str:
        if address is None:
            return NOT_SET_UP
        client, now = Prometheus(lambda: address), time.time()
        try:
            await client.range("vector(1)", now - 60, now, 60)
        except PrometheusError as error:
            return f"It failed: {error}"
        finally:
            await client.close()
        return f"{address.display_url} answers."

    return test


def tracker_test(tracker: Tracker | None, kind: TrackerKind) -> Test:
    """Read the project where tickets go, and those that services name."""

    async def test(visitor: Visitor) -> str:
        if tracker is None:
            return NOT_SET_UP
        names, failures = [], []
        for project in _projects(tracker, visitor.context.policy):
            try:
                names.append(await tracker.project_name(project))
            except DeliveryError as error:
                failures.append(_failure(f"{project}: {error}", error, LABELS[kind]))
        answer = [f"{LABELS[kind]} answers, and shows {', '.join(names)}. Nothing was created."] if names else []
        return " ".join([*(f"It failed for {failure}" for failure in failures), *answer])

    return test


def _projects(tracker: Tracker, policy: Policy) -> list[str]:
    services = policy.services.values()
    of_services = [
        service.repository if tracker.kind is TrackerKind.GITHUB else service.project for service in services
    ]
    return list(dict.fromkeys([tracker.project, *(project for project in of_services if project)]))[:MOST_PROJECTS]


def statuspage_test(client: Statuspage | None) -> Test:
    """Read the page and its components, and name those of the policy that it lacks."""

    async def test(visitor: Visitor) -> str:
        if client is None:
            return NOT_SET_UP
        try:
            page, names = await client.page_name(), await client.components()
        except DeliveryError as error:
            return f"It failed: {_failure(str(error), error, 'Statuspage')}"
        components = visitor.context.policy.status_page.components
        lacking = [component.name for component in components if component.name.strip().lower() not in names]
        answer = f"Statuspage answers: the page “{page}”. Nothing was published."
        if not lacking:
            return answer
        more = f" and {len(lacking) - MOST_NAMED} more" if len(lacking) > MOST_NAMED else ""
        return f"{answer} It has no component {', '.join(lacking[:MOST_NAMED])}{more}: create them there."

    return test


def wiki_test(wiki: Wiki | None, label: str) -> Test:
    """Look for a page that does not exist, where reviews are written."""

    async def test(visitor: Visitor) -> str:
        if wiki is None:
            return NOT_SET_UP
        try:
            await wiki.find(TITLE_OF_NO_PAGE)
        except DeliveryError as error:
            return f"It failed: {_failure(str(error), error, label)}"
        return f"{label} answers, and shows where reviews go. Nothing was written."

    return test


def heartbeat_test(attempt: Callable[[], Awaitable[tuple[str, str | None]]] | None) -> Test:
    """Call the heartbeat's address once, as every minute."""

    async def test(visitor: Visitor) -> str:
        if attempt is None:
            return NOT_SET_UP
        result, why = await attempt()
        match result:
            case "sent":
                return "Sent; the monitor has it."
            case "withheld":
                return f"Not sent, since Tocsin is not well: {why}. See /readyz; the monitor will raise an alarm."
        return f"It failed: {why}. Check that HEARTBEAT_URL is right, and that this machine can reach it."

    return test


def webhook_test(rule: WebhookRule) -> Test:
    """Send an event of the type `test` through the outbox."""

    async def test(visitor: Visitor) -> str:
        outcome = await send_test_event(visitor.context, rule.id, visitor.person, _unique_name())
        if outcome is None:
            return "It is not sent yet: the outbox is busy. Look at the receiver in a minute."
        if outcome.state == "sent":
            return "Sent; the receiver answered that it has it."
        hint = "Check the address and the secret under `webhooks` of the policy, and that this machine can reach it."
        return f"It failed: {outcome.error}. {hint}"

    return test


def webhook_integrations(rules: Sequence[WebhookRule], most: int) -> list[Integration]:
    """The webhooks of the policy, by the hosts of their addresses, whose paths may be secret."""
    return [
        Integration(f"webhook-{rule.id}", f"Webhook {number}: {urlsplit(rule.url).hostname}", webhook_test(rule))
        for number, rule in enumerate(rules[:most], 1)
    ]


def by_name(integrations: Sequence[Integration]) -> Mapping[str, Integration]:
    """The integrations by their names."""
    return {integration.name: integration for integration in integrations}


def _failure(text: str, error: DeliveryError, label: str) -> str:
    """The error in words. A temporary one does not name settings, so a hint is added here."""
    if error.permanent:
        return f"{text}."
    return f"{text}. Check the address of {label} in the settings, and that this machine can reach it; then try again."


def _unique_name() -> str:
    """The name of one press of a button: two presses within a second are two tests."""
    return f"test-{secrets.token_hex(8)}"


def _test_page(visitor: Visitor, action: Action, name: str) -> Page:
    person = person_by_address(visitor.person, visitor.context.policy)
    return Page(
        incident="TEST", action=action, dedup_key=name, key=name, person=person, title="A test of this integration",
        severity=None, severe=None, status=None, why="Somebody pressed “Send a test”. Nothing is wrong.", link=None,
        rung=None, times=1, declared_at=visitor.now, paged_at=visitor.now,
    )  # fmt: skip
