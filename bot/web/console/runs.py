"""The page of a playbook that is open in an incident: its steps, and what can be done with each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aiohttp import web

from bot.domain.errors import NotFound
from bot.domain.playbook.run import SETTLED
from bot.operations.base import NoArguments, Operation
from bot.operations.table import BY_NAME, OPERATIONS
from bot.operations.visibility import visible_incident
from bot.web.console.forms import Form, Rejected, carry_out, form_for, redirect
from bot.web.console.login_required import login_required
from bot.web.console.run_steps import OpenRun, open_run
from bot.web.console.visitor import Console, Visitor

PREFIX = "/incidents/{id}/playbooks/{run}/"
STEP = "steps/{step}/"
_TITLES = {
    "complete_step": "Done", "skip_step": "Skip", "note_step": "Note", "assign_step": "Assign", "run_step": "Run",
    "ask_for_approval": "Ask for approval", "approve_step": "Approve", "refuse_step": "Refuse",
    "fill_run": "Fill in values", "stop_run": "Stop this playbook",
}  # fmt: skip
VERBS: Mapping[str, Operation] = {
    each.path.removeprefix(PREFIX): each
    for each in OPERATIONS
    if each.method == "POST" and each.path.startswith(PREFIX)
}


def routes(console: Console) -> list[web.RouteDef]:
    """The page of a run, and the forms of the run and its steps."""
    run = "/incidents/{id}/playbooks/{run:[0-9]+}"
    return [
        web.get(run, login_required(console, show)),
        web.post(run + "/{verb:[a-z]+}", login_required(console, act)),
        web.post(run + "/steps/{step}/{verb:[a-z]+}", login_required(console, act)),
        web.post("/incidents/{id}/playbooks", login_required(console, open_one)),
    ]


async def opening_form(visitor: Visitor, incident: str) -> Form:
    """The form that opens a playbook in an incident."""
    library = await visitor.context.playbook_library.library()
    names = sorted((playbook.name, playbook.id) for playbook in library.playbooks)
    form = form_for("open_playbook", f"/incidents/{incident}/playbooks", visitor.context.policy, "Open a playbook")
    choices = (("", "–"), *((key, name) for name, key in names))
    return replace(
        form, fields=tuple(replace(form_field, kind="choice", choices=choices) for form_field in form.fields)
    )


async def open_one(visitor: Visitor) -> web.StreamResponse:
    """Open a playbook, and go to it."""
    incident = (await visitor.ask("get_incident", visitor.request.match_info))["id"]
    try:
        answer = await carry_out(visitor, await opening_form(visitor, incident), {"id": incident})
    except Rejected as rejected:
        text = rejected.form.error or " ".join(rejected.form.errors.values())
        return await visitor.page("message.html", rejected.status, at="", title="Not opened", text=text)
    return redirect(f"/incidents/{incident}" + ("" if answer is None else f"/playbooks/{answer['run']}"))


async def show(visitor: Visitor) -> web.StreamResponse:
    """Show the page."""
    return await _page(visitor)


async def act(visitor: Visitor) -> web.StreamResponse:
    """Carry out a verb of the run or of a step, and come back."""
    path = visitor.request.match_info
    operation = VERBS.get((STEP if "step" in path else "") + path["verb"])
    if operation is None:
        raise NotFound(f"There is no verb “{path['verb'][:40]}”.")
    filling = operation.name == "fill_run"
    form = _run_form(operation, await _load_run(visitor), visitor) if filling else _verb_form(operation, path, visitor)
    try:
        await carry_out(visitor, form, path, "values" if filling else "")
    except Rejected as rejected:
        return await _page(visitor, rejected.form, rejected.status)
    return redirect(f"/incidents/{path['id']}/playbooks/{path['run']}#s{path.get('step', '')}")


async def _page(visitor: Visitor, refused: Form | None = None, status: int = 200) -> web.Response:
    path = visitor.request.match_info
    incident = await visitor.ask("get_incident", {"id": path["id"]})
    open_runs = (await visitor.ask("list_runs", {"id": path["id"]}))["playbooks"]
    run = next((candidate for candidate in open_runs if str(candidate["run"]) == path["run"]), None)
    if run is None:
        raise NotFound(f"{incident['id']} has no playbook {path['run']}.")
    current_run = await _load_run(visitor)
    live = run["outcome"] is None
    steps = [
        {**step, "detail": current_run.detail(step["key"]),
         "forms": _step_forms(visitor, current_run, step, refused) if live else []}
        for step in run["steps"]
    ]  # fmt: skip
    words = (*(("values",) if current_run.questions() else ()), "stop") if live else ()
    run_forms = [_refused_or(_run_form(VERBS[word], current_run, visitor), refused) for word in words]
    return await visitor.page(
        "run.html", status, at="playbooks", incident=incident, run=run, steps=steps, whole=run_forms,
        next_key=next((step["key"] for step in run["steps"] if step["state"] not in SETTLED), ""),
    )  # fmt: skip


async def _load_run(visitor: Visitor) -> OpenRun:
    incident = await visible_incident(visitor.call(visitor.request.match_info))
    return await open_run(visitor.context, incident, int(visitor.request.match_info["run"][:9]))


def _step_forms(visitor: Visitor, current_run: OpenRun, step: Mapping[str, Any], refused: Form | None) -> list[Form]:
    path = {**visitor.request.match_info, "step": step["key"]}
    fitting = current_run.verbs(step["key"])
    forms = []
    for word, operation in VERBS.items():
        if not word.startswith(STEP) or operation.name not in fitting:
            continue
        form = _verb_form(operation, path, visitor)
        if operation.name in {"approve_step", "refuse_step"}:
            other_fields = tuple(form_field for form_field in form.fields if form_field.name != "approval")
            form = replace(form, fields=other_fields, hidden={"approval": str(step["approval"])})
        forms.append(_refused_or(form, refused))
    return forms


def _refused_or(form: Form, refused: Form | None) -> Form:
    return refused if refused is not None and refused.action == form.action else form


def _run_form(operation: Operation, current_run: OpenRun, visitor: Visitor) -> Form:
    """The form of a verb of the whole run; that of the values has a field for each."""
    form = _verb_form(operation, visitor.request.match_info, visitor)
    if operation.name != "fill_run":
        return form
    return replace(form, fields=current_run.questions(), values=dict(current_run.run.values))


def _verb_form(operation: Operation, path: Mapping[str, str], visitor: Visitor) -> Form:
    title = _TITLES.get(operation.name) or operation.summary
    return form_for(operation.name, operation.path.format(**path), visitor.context.policy, title)


def takes_nothing(form: Form) -> bool:
    """Whether one press is enough."""
    return BY_NAME[form.name].arguments is NoArguments
