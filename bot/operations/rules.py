"""Operations on alerting rules: list them with their states; for administrators, enable and disable one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from bot.domain.access.token import Scope
from bot.domain.policy.alerting_rules import AlertingRule
from bot.domain.rules.life import RuleState
from bot.json_shapes.rules import rule_json
from bot.operations.base import WORDS_PATTERN, Answer, Arguments, Call, NoArguments, Operation, Shape, question
from bot.usecases.rules.switch import REASON_LENGTH, switch_rule
from storage.rules import switches
from storage.rules.states import RULES

TAG = "Alerts"
PATH = "/rules"


class SwitchShape(Shape):
    """The newest switch of a rule: who enabled or disabled it, when and why."""

    model_config = ConfigDict(title="RuleSwitch")

    enabled: bool
    reason: str
    by: str
    at: datetime


class RuleShape(Shape):
    """An alerting rule with its state."""

    model_config = ConfigDict(title="AlertingRule")

    id: str
    name: str
    description: str
    severity: str
    category: str | None
    enabled: bool
    state: str = Field(examples=["inactive", "pending", "firing", "unknown"])
    value: float | None
    since: datetime | None
    evaluated_at: datetime | None
    problem: str | None
    labels: dict[str, str]
    tags: list[str]
    runbook: str | None
    firing: list[dict[str, str]]
    switched: SwitchShape | None


class RulesShape(Shape):
    """The alerting rules of the policy."""

    model_config = ConfigDict(title="AlertingRules")

    rules: list[RuleShape]


class SwitchArguments(Arguments):
    """The reason, which is kept with the person's name."""

    reason: Annotated[str, Field(min_length=1, max_length=REASON_LENGTH, pattern=WORDS_PATTERN)]


async def _list(call: Call, _: NoArguments) -> Answer:
    return Answer({"rules": await _rules_json(call, list(call.context.policy.rules.values()))})


async def _enable(call: Call, arguments: SwitchArguments) -> Answer:
    return await _switch(call, arguments, enabled=True)


async def _disable(call: Call, arguments: SwitchArguments) -> Answer:
    return await _switch(call, arguments, enabled=False)


async def _switch(call: Call, arguments: SwitchArguments, *, enabled: bool) -> Answer:
    rule_id = call.path["rule"]
    await switch_rule(call.context, rule_id, arguments.reason, call.actor, enabled=enabled, delivery=call.delivery)
    (rule,) = await _rules_json(call, [call.context.policy.rules[rule_id]])
    return Answer(rule)


async def _rules_json(call: Call, rules: list[AlertingRule]) -> list[dict[str, Any]]:
    now = call.context.clock.now()
    async with call.context.database.reading() as conn:
        states, newest = await RULES.all(conn), await switches.newest(conn)
    return [rule_json(rule, states.get(rule.id, RuleState(rule.id)), newest.get(rule.id), now) for rule in rules]


OPERATIONS = (
    question("list_rules", PATH, "List the alerting rules with their states", _list, RulesShape, tag=TAG),
    Operation(name="enable_rule", method="POST", path=f"{PATH}/{{rule}}/enable", run=_enable, answer=RuleShape,
              summary="Evaluate a rule, whatever the policy says", arguments=SwitchArguments, scope=Scope.ADMIN,
              tag=TAG, example={"reason": "The migration is over"}),
    Operation(name="disable_rule", method="POST", path=f"{PATH}/{{rule}}/disable", run=_disable, answer=RuleShape,
              summary="Evaluate a rule no more: its alerts resolve", arguments=SwitchArguments, scope=Scope.ADMIN,
              tag=TAG, example={"reason": "Noisy during the migration"}),
)  # fmt: skip
