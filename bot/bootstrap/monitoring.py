"""Builds the services that monitor: the evaluator of alerting rules, and the prober."""

from __future__ import annotations

from bot.bootstrap.base import Base
from bot.integrations import probe_request
from bot.integrations.prometheus import Address, Prometheus
from bot.workers.prober import Prober
from bot.workers.rule_evaluator import RuleEvaluator


def rule_evaluator(base: Base) -> RuleEvaluator:
    """The evaluator of the rules of the policy in force, with the secrets in use."""

    def address() -> Address:
        current = base.live.current.prometheus_address
        if current is None:
            raise RuntimeError("PROMETHEUS_URL was set at the start")
        return current

    prometheus = Prometheus(address) if base.settings.prometheus_address is not None else None
    evaluator = RuleEvaluator(base.context, prometheus, base.metrics.rule_evaluated)
    base.metrics.rules_of(evaluator.counts)
    return evaluator


def prober(base: Base) -> Prober:
    """The prober of the policy in force."""
    return Prober(base.context, probe_request.ask, base.metrics.probed)
