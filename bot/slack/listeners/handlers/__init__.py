"""Lists the handlers of verbs (words after `/incident`), button presses and submitted forms, by name.

A press on an old message meets the incident as it is now, so every handler checks again what it needs.
"""

from __future__ import annotations

from bot.slack.listeners.calls import PressHandler, SubmissionHandler, VerbHandler, WorkspaceHandler
from bot.slack.listeners.handlers import (
    actions,
    alerts,
    also_tell,
    approvals,
    comms,
    declare,
    figures,
    handovers,
    jobs,
    lifecycle,
    maintenance,
    on_call,
    paging,
    playbook_runs,
    playbooks,
    policy,
    queries,
    redaction,
    relations,
    responders,
    reviews,
    status_page,
    subscribe,
    timeline,
    times,
    updates,
)

_MODULES = (
    responders,
    lifecycle,
    relations,
    updates,
    timeline,
    paging,
    handovers,
    policy,
    queries,
    playbooks,
    redaction,
    actions,
    reviews,
    times,
    comms,
)

WORKSPACE_VERBS: dict[str, WorkspaceHandler] = {
    **declare.WORKSPACE_VERBS,
    **queries.WORKSPACE_VERBS,
    **on_call.WORKSPACE_VERBS,
    **alerts.WORKSPACE_VERBS,
    **maintenance.WORKSPACE_VERBS,
    **subscribe.WORKSPACE_VERBS,
    **actions.WORKSPACE_VERBS,
    **figures.WORKSPACE_VERBS,
}
VERBS: dict[str, VerbHandler] = {name: handler for module in _MODULES for name, handler in module.VERBS.items()}
PRESSES: dict[str, PressHandler] = {
    **{name: handler for module in _MODULES for name, handler in module.PRESSES.items()},
    **playbook_runs.PRESSES,
    **approvals.PRESSES,
    **jobs.PRESSES,
    **alerts.PRESSES,
    **status_page.PRESSES,
}
# Presses that answer a page or a request, which a person may do before joining the incident's channel.
ANSWERS_TO_PAGES = frozenset({"on_it", "cant", "handover_accept", "handover_decline"})
# Elements that send a press to which there is nothing to do.
IGNORED_PRESSES = frozenset({"open_channel", "severity_select", "link"})
# Presses inside a form, by the form and the button.
VIEW_PRESSES: dict[str, dict[str, comms.ViewPress]] = {**comms.VIEW_PRESSES}
SUBMISSIONS: dict[str, SubmissionHandler] = {
    **declare.SUBMISSIONS,
    **responders.SUBMISSIONS,
    **lifecycle.SUBMISSIONS,
    **relations.SUBMISSIONS,
    **updates.SUBMISSIONS,
    **timeline.SUBMISSIONS,
    **redaction.SUBMISSIONS,
    **comms.SUBMISSIONS,
    **status_page.SUBMISSIONS,
    **also_tell.SUBMISSIONS,
    **handovers.SUBMISSIONS,
    **on_call.SUBMISSIONS,
    **playbook_runs.SUBMISSIONS,
    **approvals.SUBMISSIONS,
    **jobs.SUBMISSIONS,
    **alerts.SUBMISSIONS,
    **maintenance.SUBMISSIONS,
    **actions.SUBMISSIONS,
    **reviews.SUBMISSIONS,
    **times.SUBMISSIONS,
}
