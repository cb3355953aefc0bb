"""What is sent about walks: their messages, their edits. Rendered from the walk as it stands when the turn comes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bot.domain.errors import NotNeeded
from bot.domain.playbook.definition import Playbook
from bot.domain.playbook.run import Approval, ApprovalStatus, PlaybookRun, StepState
from bot.domain.routing import walk_of
from bot.slack.blocks import elements, playbooks
from bot.slack.blocks.elements import Message
from bot.slack.blocks.run import approval
from bot.slack.blocks.run import message as blocks
from bot.slack.blocks.run.overdue import step_late
from bot.slack.senders.base import Case, Posting
from bot.slack.senders.post_once import edit, post
from bot.slack.text import render
from bot.usecases.effects.visibility import can_see
from bot.usecases.playbooks.dry_run import runnable_steps
from bot.usecases.playbooks.unit_of_work import load_run
from storage.outbox.queue import ClaimedNotice


class WalkSender(Posting):
    """One method for each kind of notice about a walk."""

    def handlers(self) -> dict[str, Callable[[Any], Awaitable[dict[str, Any]]]]:
        return {
            "walk": self._walk,
            "walk_edit": self._walk_edit,
            "approval": self._approval,
            "approval_edit": self._approval_edit,
            "glass": self._glass,
            "step_late": self._step_late,
        }

    async def review(self, row: ClaimedNotice) -> dict[str, Any]:
        """To the owner of playbooks; about nobody's incident."""
        channel = await self._people.direct_channel(row.payload["person"])
        return await post(self._api, row, channel, playbooks.review(row.payload["about"]))

    async def _walk(self, case: Case) -> dict[str, Any]:
        return await post(self._api, case.row, await self._where(case), await self._render(case))

    async def _walk_edit(self, case: Case) -> dict[str, Any]:
        receipt = await self._receipt(walk_of(case.incident.number, case.row.payload["walk"]))
        return await edit(self._api, receipt, await self._render(case))

    # — approvals

    async def _approval(self, case: Case) -> dict[str, Any]:
        walk, playbook = await self._read(case)
        known = _request(walk, case.row.payload)
        over = known is None or known[1].answer is not ApprovalStatus.WAITING or not case.incident.open
        if known is None or (over and not case.row.uncertain):
            raise NotNeeded("it was answered before it could be sent")
        mark, asked = known
        person = case.row.payload.get("person")
        if person is None:
            message = self._asked(case, walk, playbook, mark, asked)
            return await post(self._api, case.row, await self._where(case), message)
        user = await self._people.user_id(person)
        if user == asked.by:
            raise NotNeeded("whoever asked does not approve")
        inside = await self._inside(case, user)
        message = (
            self._asked(case, walk, playbook, mark, asked) if inside else approval.asked_outside(case.incident, asked)
        )
        return await post(self._api, case.row, await self._people.direct_channel(person), message)

    def _asked(self, case: Case, walk: PlaybookRun, playbook: Playbook, mark: StepState, asked: Approval) -> Message:
        step = next(one for one in playbook.steps if one.key == mark.key)
        return approval.asked(case.incident, case.policy, walk, mark, asked, step.dangerous, case.now)

    async def _approval_edit(self, case: Case) -> dict[str, Any]:
        """A request that was followed by another is known to be over, if not how; one may stand again."""
        receipt = await self._receipt(case.row.payload["of"])
        walk, playbook = await self._read(case)
        known = _request(walk, case.row.payload)
        person = case.row.payload["of"].partition(":dm:")[2]
        inside = not person or await self._inside(case, await self._people.user_id(person))
        waits = known is not None and known[1].answer is ApprovalStatus.WAITING
        if known is not None and waits and case.incident.open:
            message = self._asked(case, walk, playbook, *known)
            return await edit(
                self._api, receipt, message if inside else approval.asked_outside(case.incident, known[1])
            )
        if not inside:
            return await edit(self._api, receipt, approval.settled_outside(case.incident))
        if known is None:
            return await edit(self._api, receipt, elements.line(f"{render(walk.name)}: this request is over."))
        return await edit(self._api, receipt, approval.settled(case.incident, walk, *known, ended=waits))

    async def _glass(self, case: Case) -> dict[str, Any]:
        walk, _ = await self._read(case)
        known = _request(walk, case.row.payload)
        if known is None:
            raise NotNeeded("another request followed; the timeline has it")
        message = approval.broken(case.incident, walk, *known)
        return await post(self._api, case.row, await self._where(case), message)

    async def _inside(self, case: Case, user: str) -> bool:
        async with self._context.database.reading() as conn:
            return await can_see(conn, case.incident, user)

    # — reminders

    async def _step_late(self, case: Case) -> dict[str, Any]:
        """In the thread of the walk; where that was never posted, where the incident is."""
        payload = case.row.payload
        walk, _ = await self._read(case)
        mark = walk.step(payload["step"])
        over = mark.settled or mark.turns != payload["turn"] or not walk.active or not case.incident.open
        if over and not case.row.uncertain:
            raise NotNeeded("the step moved on before it could be sent")
        above = await self._posted(walk_of(case.incident.number, walk.number))
        person = await self._people.user_id(payload["person"])
        message = step_late(case.incident, walk, mark, person, payload["late_s"])
        if above is None:
            return await post(self._api, case.row, await self._where(case), message)
        return await post(self._api, case.row, above["channel"], message, thread_ts=above["ts"])

    # — within

    async def _render(self, case: Case) -> Message:
        walk, playbook = await self._read(case)
        runnable, undoable = runnable_steps(self._context, case.incident, playbook, walk)
        return blocks.walk(case.incident, playbook, walk, case.now, runnable=runnable, undoable=undoable)

    async def _read(self, case: Case) -> tuple[PlaybookRun, Playbook]:
        async with self._context.database.reading() as conn:
            return await load_run(conn, case.incident.number, case.row.payload["walk"])


def _request(walk: PlaybookRun, payload: Mapping[str, Any]) -> tuple[StepState, Approval] | None:
    """The step and its request; None where another request followed it."""
    for mark in walk.steps:
        if mark.asked is not None and mark.asked.number == payload["approval"]:
            return mark, mark.asked
    return None
