"""Handles the form **Status page**, by which a person publishes an incident; `comms` leads to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.domain.communications import stages
from bot.domain.communications.stages import STATUS_PAGE
from bot.domain.errors import NotFound
from bot.domain.statuspage.component_state import ComponentState
from bot.domain.statuspage.publication import OVER, NewPublication, PublicChange, all_operational
from bot.slack.blocks.elements import Message
from bot.slack.blocks.inputs import InputErrors, in_place_of, refusal_at
from bot.slack.blocks.modals.comms import AudienceChoice
from bot.slack.blocks.modals.correct_page import CALLBACK as CORRECT_CALLBACK
from bot.slack.blocks.modals.correct_page import correct_page_modal, values_of_correction
from bot.slack.blocks.modals.status_page import (
    CALLBACK,
    PageForm,
    PageValues,
    status_page_modal,
    values_of_page,
)
from bot.slack.blocks.status_page import CORRECT
from bot.slack.listeners.calls import IncidentCall, Press, PressHandler, Submission, SubmissionHandler
from bot.usecases.communications.draft import overview
from bot.usecases.status_page.lint import findings_of
from bot.usecases.status_page.publish import ACTION, correct, open_publication, post, proposed_components, publish
from storage.statuspage import publications


async def page_form(call: IncidentCall) -> PageForm:
    """The form, with the incident's publication as it is on the page now."""
    incident, policy, now = call.incident, call.policy, call.context.clock.now()
    async with call.context.database.reading() as conn:
        summary = await overview(conn, incident, policy)
        published = await open_publication(conn, incident.number)
    audiences = [(audience, audience in summary.proposed) for audience in (*summary.proposed, *summary.others)]
    choices = [
        AudienceChoice(audience, is_proposed, stages.last_told_text(incident, audience, now))
        for audience, is_proposed in audiences
    ]
    return PageForm(
        incident,
        call.context.policy.status_page,
        proposed_components(call.context.policy, incident),
        published,
        [*choices, page_choice(call)],
    )


def page_choice(call: IncidentCall) -> AudienceChoice:
    """The status page among the audiences."""
    return AudienceChoice(
        STATUS_PAGE, False, stages.last_told_text(call.incident, STATUS_PAGE, call.context.clock.now())
    )


def is_page(name: str) -> bool:
    """Whether a person means the status page by this."""
    return name.strip().lower().replace(" ", "_").replace("-", "_") in (STATUS_PAGE.key, "statuspage", "page")


async def _submit(call: Submission) -> dict[str, Any] | None:
    """Publish, unless the lint finds what the person was not shown: then the form shows it, and asks once more."""
    values = values_of_page(call.view, call.context.policy.status_page)
    incident, policy = await call.ctx.visible_incident(values.incident, call.interaction)
    over = values.status in OVER
    findings = findings_of(policy, values.title, values.impact, values.message, over=over)
    blocking = [finding.sentence for finding in findings if finding.blocks]
    if blocking:
        raise InputErrors({"message": f"{'. '.join(blocking)}."})
    if any(finding.sentence not in values.shown_findings for finding in findings):
        form = await page_form(IncidentCall(call.ctx, call.interaction, incident, policy))
        return in_place_of(call.view, status_page_modal(replace(form, findings=findings, values=values)))
    await _publish(call, values)
    return None


async def _publish(call: Submission, values: PageValues) -> None:
    if values.publication is None:
        new = NewPublication(values.title, values.message, values.components, values.status, values.impact)
        with refusal_at("title"):
            await publish(call.context, values.incident, new, call.user, call.delivery, first=True)
        return
    async with call.context.database.reading() as conn:
        published = await open_publication(conn, values.incident)
    before: dict[str, ComponentState] = {} if published is None else all_operational(published.components)
    change = PublicChange(
        values.message, values.status, {**before, **values.components}, values.title, values.impact
    )  # fmt: skip
    await post(call.context, values.publication, change, call.user, call.delivery)


async def correction_form(call: IncidentCall, argument: str) -> dict[str, Any]:
    """The form that corrects an update. `argument` is the publication's ID and the update's number."""
    publication_id, _, number = argument.partition(":")
    async with call.context.database.reading() as conn:
        publication = await publications.get(conn, publication_id)
    if publication is None or publication.incident != call.number or not number.isdecimal():
        raise NotFound("That is no longer on the status page.", "comms status_page")
    if not 1 <= int(number) <= len(publication.updates):
        raise NotFound(f"There is no update {number[:6]}: it has {len(publication.updates)}.", "comms status_page")
    return correct_page_modal(call.incident, publication, int(number))


async def _press_correct(call: Press) -> Message | None:
    call.require(ACTION, call.incident)
    return await call.open_form(await correction_form(call, call.argument), "comms status_page")


async def _submit_correction(call: Submission) -> dict[str, Any] | None:
    """Correct what was published, unless the lint finds what the person was not shown."""
    values = values_of_correction(call.view)
    incident, policy = await call.ctx.visible_incident(values.incident, call.interaction)
    async with call.context.database.reading() as conn:
        publication = await publications.get(conn, values.publication)
    if publication is None or publication.incident != incident.number:
        raise NotFound("That is no longer on the status page.", "comms status_page")
    correction = values.correction
    findings = findings_of(
        policy, correction.title or "", correction.impact or "", correction.message or "", over=publication.ended
    )
    blocking = [finding.sentence for finding in findings if finding.blocks]
    if blocking:
        raise InputErrors({"message": f"{'. '.join(blocking)}."})
    if any(finding.sentence not in values.shown_findings for finding in findings):
        return in_place_of(
            call.view, correct_page_modal(incident, publication, correction.update or 1, findings, correction)
        )
    await correct(call.context, publication.id, correction, call.user, call.delivery)
    return None


PRESSES: dict[str, PressHandler] = {CORRECT: _press_correct}
SUBMISSIONS: dict[str, SubmissionHandler] = {CALLBACK: _submit, CORRECT_CALLBACK: _submit_correction}
