"""Checks, for `tocsin check`, the policy file and the playbooks that it names."""

from __future__ import annotations

from bot import policy as policy_reader
from bot.check import communications, playbooks
from bot.check.finding import Finding, fail, ok, warn
from bot.domain.policy.policy import Policy
from bot.settings import Settings


def check(settings: Settings) -> tuple[Policy | None, list[Finding]]:
    """The policy, read once for all checks, with its findings. None if the policy cannot be used."""
    where = str(settings.policy_path) if settings.policy_path else "preset sev1-5"
    try:
        loaded = policy_reader.read(settings.policy_path)
    except policy_reader.PolicyError as error:
        return None, [fail("policy", str(error))]
    findings = [ok("policy", f"{where}: {', '.join(severity.key for severity in loaded.policy.severities)}")]
    findings += [warn("policy", str(warning)) for warning in loaded.warnings]
    findings += communications.check(settings, loaded.policy)
    return loaded.policy, findings + playbooks.check(settings, loaded.policy)
