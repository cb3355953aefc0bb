"""Reads an alerting rule that is written in one line, such as `up == 0 for 5m`."""

from __future__ import annotations

import re
from typing import Any

from bot import policy as policy_reader
from bot.domain.errors import TocsinError
from bot.domain.policy.policy import Policy
from bot.policy.yaml_source import Source, parse_yaml

COMPARISON = re.compile(
    r"^(?P<query>.+?)\s*(?P<op>>=|<=|==|>|<)\s*(?P<value>-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$", re.IGNORECASE | re.DOTALL
)
SPAN = re.compile(r"^(?P<expression>.+?)\s+for\s+(?P<span>\d\S*)$", re.IGNORECASE | re.DOTALL)
STRINGS = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|`[^`]*`')
BRACKETS = re.compile(r"\([^()]*\)|\{[^{}]*\}|\[[^\[\]]*\]")
COMBINED = re.compile(r"\b(?:and|or|unless|bool)\b|[<>=!]=?", re.IGNORECASE)
OPERATORS = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte", "==": "eq"}
TRIED = "tried"  # the ID of a rule that has none


def policy_with_line(document: dict[str, Any], policy: Policy, text: str) -> Policy:
    """The policy of a document with the rule of a line, whose ID is `TRIED`. Raises `TocsinError`."""
    return policy_reader.with_fragment(document, Source("the rule", {"rules": {TRIED: _one_line(text, policy)}}))


def _one_line(text: str, policy: Policy) -> dict[str, Any]:
    if text.lstrip().startswith("{"):
        source = parse_yaml(text, "the rule", "{conditions: …}")
        if source.problems or "conditions" not in source.values:
            raise TocsinError("The rule cannot be read. Write {conditions: [{type: threshold, …}], for: 2m}.")
        return {"severity": policy.severities[0].key, **source.values}
    match = SPAN.match(text.strip())
    expression, span = (match["expression"], match["span"]) if match else (text.strip(), "0s")
    if not COMBINED.search(_outside_brackets(expression)):
        rule_ids = ", ".join(list(policy.rules)[:12]) or "none"
        raise TocsinError(
            f"“{text[:60]}” is neither the ID of a rule (there are: {rule_ids}), nor a file, "
            "nor a rule in one line, such as 'sum(rate(errors_total[5m])) > 5 for 2m'."
        )
    return {"severity": policy.severities[0].key, "conditions": [condition_of(expression)], "for": span}


def condition_of(expression: str) -> dict[str, Any]:
    """The condition that an alerting expression of Prometheus has a result.

    One comparison with a figure is a threshold, so that the value is shown. Of any other, each series becomes 1.
    """
    match = COMPARISON.match(expression)
    if match is None or COMBINED.search(_outside_brackets(match["query"])):
        return {"type": "threshold", "query": f"({expression}) >= bool -Inf", "op": "eq", "value": 1}
    operator, value = OPERATORS[match["op"]], float(match["value"])
    return {"type": "threshold", "query": match["query"], "op": operator, "value": value}


def _outside_brackets(expression: str) -> str:
    """The parts of an expression that are neither in a string nor in brackets."""
    text, before = STRINGS.sub("", expression), ""
    while text != before:
        before, text = text, BRACKETS.sub("", text)
    return text
