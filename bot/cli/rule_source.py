"""Finds the rule that a command names: by its ID, in a file, or written in one line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from bot import policy as policy_reader
from bot.domain.errors import TocsinError
from bot.domain.policy.alerting_rules import AlertingRule
from bot.domain.policy.policy import Policy
from bot.policy.reader import LoadedPolicy
from bot.policy.yaml_source import Source, parse_yaml

ONE_LINE = re.compile(
    r"^(?P<query>.+?)\s*(?P<op>>=|<=|==|>|<)\s*(?P<value>-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?:\s+for\s+(?P<span>\S+))?$",
    re.IGNORECASE | re.DOTALL,
)
OPERATORS = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte", "==": "eq"}
TRIED = "tried"  # the ID of a rule that has none


def policy_in_force(path: Path | None) -> LoadedPolicy:
    """The policy of the settings."""
    return policy_reader.read(path)


def rules_named(loaded: LoadedPolicy, what: str) -> tuple[Policy, list[AlertingRule]]:
    """The rules that are meant: one by its ID, those of a file, or one in a line such as `up == 0 for 5m`.

    Also returns the policy with them. Raises `TocsinError`.
    """
    if what in loaded.policy.rules:
        return loaded.policy, [loaded.policy.rules[what]]
    path = Path(what)
    if "\n" not in what and len(what) < 1000 and path.is_file():
        policy = policy_with(loaded, path)
        named = _named_in(path, policy)
        return policy, named
    fragment = _one_line(what, loaded.policy)
    policy = policy_reader.with_fragment(loaded.document, Source("the rule", {"rules": {TRIED: fragment}}))
    return policy, [policy.rules[TRIED]]


def policy_with(loaded: LoadedPolicy, path: Path) -> Policy:
    """The policy with the rules of a file merged into it: a policy, or one rule by itself."""
    return policy_reader.with_fragment(loaded.document, _fragment(path))


def _named_in(path: Path, policy: Policy) -> list[AlertingRule]:
    rules = _fragment(path).values.get("rules") or {}
    if "preset" in rules:
        return list(policy.rules.values())
    return [policy.rules[key] for key, rule in rules.items() if rule is not None]


def _fragment(path: Path) -> Source:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TocsinError(f"{path} cannot be read ({type(error).__name__}).") from None
    source = parse_yaml(text, str(path), "rules:")
    if source.problems:
        raise TocsinError("\n".join(problem.located(str(path)) for problem in source.problems))
    if "conditions" in source.values:
        return Source(str(path), {"rules": {str(source.values.pop("id", TRIED)): source.values}})
    source.values = {key: source.values[key] for key in ("rules", "metrics") if key in source.values}
    return source


def _one_line(text: str, policy: Policy) -> dict[str, Any]:
    if text.lstrip().startswith("{"):
        source = parse_yaml(text, "the rule", "{conditions: …}")
        if source.problems or "conditions" not in source.values:
            raise TocsinError("The rule cannot be read. Write {conditions: [{type: threshold, …}], for: 2m}.")
        return {"severity": policy.severities[0].key, **source.values}
    match = ONE_LINE.match(text.strip())
    if match is None:
        known = ", ".join(list(policy.rules)[:12]) or "none"
        raise TocsinError(
            f"“{text[:60]}” is neither the ID of a rule (there are: {known}), nor a file, "
            "nor a rule in one line, such as 'sum(rate(errors_total[5m])) > 5 for 2m'."
        )
    condition = {
        "type": "threshold", "query": match["query"], "op": OPERATORS[match["op"]], "value": float(match["value"])
    }  # fmt: skip
    return {"severity": policy.severities[0].key, "conditions": [condition], "for": match["span"] or "0s"}
