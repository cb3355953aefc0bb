"""Sends the messages about playbook runs: the run itself, requests for approval, reminders of overdue steps."""

from __future__ import annotations

from dataclasses import replace

from bot.domain import routing
from bot.domain.playbook.definition import Playbook
from bot.domain.playbook.run import Approval, ApprovalStatus, PlaybookRun, StepState
from bot.domain.routing import run_message_key
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import ApprovalPayload, RunPayload, StepOverduePayload
from bot.domain.routing.send_result import NotNeeded, SendResult
from bot.slack.blocks import elements, playbooks
from bot.slack.blocks.elements import Message
from bot.slack.blocks.run import approval as approval_blocks
from bot.slack.blocks.run.message import run_message
from bot.slack.blocks.run.overdue import step_overdue
from bot.slack.senders import post_once
from bot.slack.senders.base import MESSAGE_DELETED, NEVER_POSTED, Delivery, SenderBase
from bot.slack.senders.registry import sends, sends_without_incident
from bot.slack.text import render
from bot.usecases.playbooks.dry_run import runnable_steps
from bot.usecases.playbooks.unit_of_work import load_run
from storage.outbox.payloads import read_payload
from storage.outbox.queue import ClaimedNotice


class PlaybookRunSender(SenderBase):
    """Sends messages that show the run as it is at the time of sending."""

    @sends(NoticeKind.RUN, failure="post the playbook")
    async def run(self, delivery: Delivery) -> SendResult:
        """Post a run's message in the incident's channel."""
        return await self.post_in_channel(delivery, await self._render(delivery))

    @sends(NoticeKind.RUN_EDIT, failure="keep the playbook up to date")
    async def run_edit(self, delivery: Delivery) -> SendResult:
        """Edit a run's message to its present state."""
        dedup_key = run_message_key(delivery.incident.number, read_payload(delivery.notice, RunPayload).walk)
        run, _ = await self._read(delivery)
        needed = run.active and delivery.incident.open
        replacement = routing.playbook_runs.run_posted(run.incident, run.number) if needed else None
        return await self.edit_or_post(dedup_key, lambda: self._render(delivery), replacement)

    @sends(
        NoticeKind.APPROVAL,
        failure="post the request for approval",
        failure_to="send the request for approval to",
    )
    async def approval(self, delivery: Delivery) -> SendResult:
        """Post the request in the channel, or to one approver. One who may not see the incident reads only its ID."""
        incident, payload = delivery.incident, read_payload(delivery.notice, ApprovalPayload)
        run, playbook = await self._read(delivery)
        request = _request(run, payload)
        if request is None:
            return NotNeeded("it was answered before it could be sent")
        step, approval = request
        if approval.answer is not ApprovalStatus.WAITING or not incident.open:
            delivery = replace(delivery, unless="it was answered before it could be sent")
        message = self._question(delivery, run, playbook, step, approval)
        if payload.person is None:
            return await self.post_in_channel(delivery, message)
        user = await self._people.user_id(payload.person)
        if user == approval.by:
            return NotNeeded("the person who asked cannot approve")
        if not await self.may_see(incident, user):
            message = approval_blocks.request_outside(incident, approval)
        return await self.post(delivery, await self._people.direct_channel(payload.person), message)

    @sends(NoticeKind.APPROVAL_EDIT, failure="edit a request for approval")
    async def approval_edit(self, delivery: Delivery) -> SendResult:
        """Take the buttons off a settled request, or restore them on one that is open again."""
        incident, payload = delivery.incident, read_payload(delivery.notice, ApprovalPayload)
        dedup_key = payload.of or ""
        receipt = await self.posted(dedup_key)
        if receipt is None:
            return NEVER_POSTED
        run, playbook = await self._read(delivery)
        request = _request(run, payload)
        person = dedup_key.partition(":dm:")[2]
        inside = not person or await self.may_see(incident, await self._people.user_id(person))
        waiting = request is not None and request[1].answer is ApprovalStatus.WAITING
        if request is not None and waiting and incident.open:
            question = self._question(delivery, run, playbook, *request)
            result = await self.edit(
                receipt, question if inside else approval_blocks.request_outside(incident, request[1])
            )
            if result is not MESSAGE_DELETED:
                return result
            return await self.post_again(routing.playbook_runs.request_again(run, request[1], dedup_key), receipt)
        if not inside:
            return await self.edit(receipt, approval_blocks.settled_outside(incident))
        if request is None:
            return await self.edit(receipt, elements.line(f"{render(run.name)}: this request is over."))
        return await self.edit(receipt, approval_blocks.settled(incident, run, *request, ended=waiting))

    @sends(NoticeKind.BREAK_GLASS, failure="say that somebody broke the glass")
    async def break_glass(self, delivery: Delivery) -> SendResult:
        """Say in the channel that a step goes ahead without the approval that it needs."""
        run, _ = await self._read(delivery)
        request = _request(run, read_payload(delivery.notice, ApprovalPayload))
        if request is None:
            return NotNeeded("another request followed; the timeline has it")
        return await self.post_in_channel(delivery, approval_blocks.broken(delivery.incident, run, *request))

    @sends(NoticeKind.STEP_OVERDUE, failure="remind of a step", failure_to="send the reminder of a step to")
    async def step_overdue(self, delivery: Delivery) -> SendResult:
        """Remind a person under the run's message; in the incident's channel if that message was never posted."""
        payload, incident = read_payload(delivery.notice, StepOverduePayload), delivery.incident
        run, _ = await self._read(delivery)
        step = run.step(payload.step)
        if step.settled or step.turns != payload.turn or not run.active or not incident.open:
            delivery = replace(delivery, unless="the step moved on before it could be sent")
        person = await self._people.user_id(payload.person)
        message = step_overdue(incident, run, step, person, payload.late_s)
        parent = routing.playbook_runs.run_posted(incident.number, run.number)
        return await self.post_in_thread(delivery, await self.posted(parent.dedup_key), message, parent)

    @sends_without_incident(
        NoticeKind.PLAYBOOK_REVIEW,
        failure="tell the owner of playbooks",
        failure_to="send what is due in playbooks to",
    )
    async def playbook_review(self, notice: ClaimedNotice) -> SendResult:
        """Remind a playbook's owner directly to review it."""
        channel = await self._people.direct_channel(notice.payload["person"])
        return await post_once.post(self._api, notice, channel, playbooks.review(notice.payload["about"]))

    def _question(
        self, delivery: Delivery, run: PlaybookRun, playbook: Playbook, state: StepState, approval: Approval
    ) -> Message:
        step = next(step for step in playbook.steps if step.key == state.key)
        incident, policy = delivery.incident, delivery.policy
        return approval_blocks.request(incident, policy, run, state, approval, step.dangerous, delivery.now)

    async def _render(self, delivery: Delivery) -> Message:
        run, playbook = await self._read(delivery)
        runnable, undoable = runnable_steps(self._context, delivery.incident, playbook, run)
        return run_message(delivery.incident, playbook, run, delivery.now, runnable=runnable, undoable=undoable)

    async def _read(self, delivery: Delivery) -> tuple[PlaybookRun, Playbook]:
        async with self._context.database.reading() as conn:
            return await load_run(conn, delivery.incident.number, read_payload(delivery.notice, RunPayload).walk)


def _request(run: PlaybookRun, payload: ApprovalPayload) -> tuple[StepState, Approval] | None:
    """The step and its request. None if a newer request has replaced it."""
    for step in run.steps:
        if step.asked is not None and step.asked.number == payload.approval:
            return step, step.asked
    return None
