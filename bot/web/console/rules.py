"""The pages about alerting rules: their states, what each looks at, its switch, and a backtest with its result."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from aiohttp import web

from bot.domain.access.token import Scope
from bot.domain.errors import NotFound, Refused, TocsinError
from bot.domain.policy.alerting_rules import AlertingRule
from bot.domain.policy.policy import Policy
from bot.domain.rules.description import describe
from bot.domain.values.durations import exact, parse_duration
from bot.integrations.prometheus import Address, Prometheus
from bot.usecases.rules.backtest import backtest
from bot.usecases.rules.rule_line import TRIED, policy_with_line
from bot.web.api.authentication import require
from bot.web.api.problems import Problem
from bot.web.console.fields import Field
from bot.web.console.forms import Form, Rejected, carry_out, form_for, redirect
from bot.web.console.login_required import login_required
from bot.web.console.visitor import Console, Visitor
from bot.web.form import form_of

PERIODS = (("1d", "a day"), ("7d", "a week"), ("30d", "30 days"))
MOST_SHOWN = 200  # firings
MOST_EVALUATIONS = 200_000  # of one backtest: the bot has other work
LONGEST_LINE = 2000
NO_PROMETHEUS = "PROMETHEUS_URL is not set, so there is no history to try a rule on."
BUSY = "Another backtest is under way. Try again in a moment."


@dataclass(slots=True)
class Backtests:
    """Runs backtests, one at a time. `address` is that of Prometheus, or None."""

    address: Callable[[], Address | None]
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def possible(self) -> bool:
        """Whether there is a Prometheus to ask."""
        return self.address() is not None

    async def run(self, visitor: Visitor, policy: Policy, rule: AlertingRule, since: timedelta) -> dict[str, Any]:
        """Backtest a rule over the last period `since`. Raises `Refused`."""
        address = self.address()
        if address is None:
            raise Refused(NO_PROMETHEUS)
        if self._lock.locked():
            raise Problem("too-many", BUSY)
        if since / rule.every > MOST_EVALUATIONS:
            raise Refused(f"It is evaluated every {exact(rule.every)}: choose a shorter period.")
        async with self._lock:
            prometheus = Prometheus(lambda: address)
            try:
                return await backtest(visitor.context.database, prometheus.range, policy, rule, since)
            except Refused:
                raise
            except TocsinError as error:
                raise Refused(str(error)) from None
            finally:
                await prometheus.close()


def routes(console: Console, backtests: Backtests) -> list[web.RouteDef]:
    """The list of rules, the page of each, and the forms to switch and to backtest."""

    async def show(visitor: Visitor) -> web.StreamResponse:
        return await _list_page(visitor, backtests)

    async def show_one(visitor: Visitor) -> web.StreamResponse:
        return await _rule_page(visitor, backtests)

    async def switch(visitor: Visitor) -> web.StreamResponse:
        return await _switch(visitor, backtests)

    async def try_one(visitor: Visitor) -> web.StreamResponse:
        return await _backtest_rule(visitor, backtests)

    async def try_line(visitor: Visitor) -> web.StreamResponse:
        return await _try_line(visitor, backtests)

    return [
        web.get("/alerts/rules", login_required(console, show)),
        web.post("/alerts/rules", login_required(console, try_line)),
        web.get("/alerts/rules/{rule}", login_required(console, show_one)),
        web.post("/alerts/rules/{rule}/{verb:enable|disable}", login_required(console, switch)),
        web.post("/alerts/rules/{rule}/backtest", login_required(console, try_one)),
    ]


async def _list_page(visitor: Visitor, backtests: Backtests, **more: Any) -> web.Response:
    """The rules of the policy with their states."""
    rows = (await visitor.ask("list_rules"))["rules"]
    order = {"firing": 0, "unknown": 1, "pending": 2}
    problems = {row["problem"] for row in rows if row["enabled"]}
    values: dict[str, Any] = {"form": _line_form(), "result": None, "status": 200, **more}
    return await visitor.page(
        "rules.html", values.pop("status"), at="alerts", trouble=problems.pop() if len(problems) == 1 else None,
        possible=backtests.possible, admin=visitor.may(Scope.ADMIN),
        rules=sorted(rows, key=lambda row: (order.get(row["state"], 3), row["id"])), **values,
    )  # fmt: skip


async def _rule_page(visitor: Visitor, backtests: Backtests, **more: Any) -> web.Response:
    rule = _rule(visitor)
    (row,) = [row for row in (await visitor.ask("list_rules"))["rules"] if row["id"] == rule.id]
    values: dict[str, Any] = {
        "form": _try_form(rule), "switching": _switch_form(visitor, rule, enabled=row["enabled"]), "result": None,
        "status": 200, **more,
    }  # fmt: skip
    return await visitor.page(
        "rule.html", values.pop("status"), at="alerts", rule=row, facts=_rule_facts(rule),
        possible=backtests.possible, admin=visitor.may(Scope.ADMIN), **values,
    )  # fmt: skip


async def _switch(visitor: Visitor, backtests: Backtests) -> web.Response:
    rule, enables = _rule(visitor), visitor.request.match_info["verb"] == "enable"
    try:
        await carry_out(visitor, _switch_form(visitor, rule, enabled=not enables), {"rule": rule.id})
    except Rejected as rejected:
        return await _rule_page(visitor, backtests, switching=rejected.form, status=rejected.status)
    return redirect(f"/alerts/rules/{quote(rule.id)}?done=Switched")


async def _backtest_rule(visitor: Visitor, backtests: Backtests) -> web.Response:
    require(visitor.token, Scope.WRITE)
    rule = _rule(visitor)
    since = str((await form_of(visitor.request)).get("since", ""))
    form = replace(_try_form(rule), values={"since": since})
    try:
        result = await backtests.run(visitor, visitor.context.policy, rule, _period(since))
    except Refused as refused:
        return await _rule_page(visitor, backtests, form=replace(form, error=refused.message), status=409)
    return await _rule_page(visitor, backtests, form=form, result=_newest_firings(result))


async def _try_line(visitor: Visitor, backtests: Backtests) -> web.Response:
    """Try a rule that is in no policy yet. Its query can ask for any metric, so that is for administrators."""
    require(visitor.token, Scope.ADMIN)
    form_data = await form_of(visitor.request)
    line, since = str(form_data.get("line", "")).strip()[:LONGEST_LINE], str(form_data.get("since", ""))
    form = replace(_line_form(), values={"line": line, "since": since})
    context = visitor.context
    try:
        policy = policy_with_line(context.policies.document, context.policy, line)
        result = await backtests.run(visitor, policy, policy.rules[TRIED], _period(since))
    except TocsinError as error:
        return await _list_page(visitor, backtests, form=replace(form, errors={"line": str(error)}), status=422)
    return await _list_page(visitor, backtests, form=form, result=_newest_firings(result))


def _rule(visitor: Visitor) -> AlertingRule:
    rule = visitor.context.policy.rules.get(visitor.request.match_info["rule"])
    if rule is None:
        raise NotFound(f"The policy has no rule “{visitor.request.match_info['rule'][:40]}”.", "rules")
    return rule


def _period(text: str) -> timedelta:
    return parse_duration(text if text in dict(PERIODS) else "7d")


def _newest_firings(result: dict[str, Any]) -> dict[str, Any]:
    """The newest firings, and how many there are beside them."""
    return {**result, "firings": result["firings"][::-1][:MOST_SHOWN], "left_out": max(0, result["fired"] - MOST_SHOWN)}


def _try_form(rule: AlertingRule) -> Form:
    action = f"/alerts/rules/{quote(rule.id)}/backtest"
    return Form("backtest", action, "Try it on the past", (_period_field(),), "Try it", {"since": "7d"})


def _line_form() -> Form:
    line = Field(
        "line", "Rule", "line", True, hint="Such as: sum(rate(errors_total[5m])) > 5 for 2m", most=LONGEST_LINE
    )
    return Form(
        "try", "/alerts/rules", "Try another rule on the past", (line, _period_field()), "Try it", {"since": "7d"}
    )


def _period_field() -> Field:
    return Field("since", "Over the last", "choice", True, PERIODS)


def _switch_form(visitor: Visitor, rule: AlertingRule, *, enabled: bool) -> Form:
    verb, title = ("disable", "Switch it off") if enabled else ("enable", "Switch it on")
    hint = "It is kept, with your name." + (" What the rule fires now resolves." if enabled else "")
    form = form_for(f"{verb}_rule", f"/alerts/rules/{quote(rule.id)}/{verb}", visitor.context.policy, title)
    return replace(form, fields=tuple(replace(form_field, hint=hint) for form_field in form.fields))


def _rule_facts(rule: AlertingRule) -> list[tuple[str, str]]:
    """The rule's conditions, and its interval."""
    spans = [("Evaluated", f"every {exact(rule.every)}"), ("For", exact(rule.hold) if rule.hold else "at once")]
    spans += [("Resolves", f"after {exact(rule.keep_firing)} without" if rule.keep_firing else "at once")]
    labels = [("Labels", ", ".join(f"{key}={value}" for key, value in rule.labels.items()))] if rule.labels else []
    service = [("Service", rule.service)] if rule.service else []
    conditions = [(f"Condition {number}", describe(condition)) for number, condition in enumerate(rule.conditions, 1)]
    needed = [
        ("Fires when", f"{'all' if rule.when == 'all' else 'one'} of them hold{'' if rule.when == 'all' else 's'}")
    ]
    return [*conditions, *(needed if len(conditions) > 1 else []), *spans, *service, *labels]
