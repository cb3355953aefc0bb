"""Operations on the messages to an incident's audiences: draft, send, approve and correct them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from bot.domain.communications import stages, tell
from bot.domain.communications.communication import Communication
from bot.domain.communications.tell import SUBJECT_LENGTH, TEXT_LENGTH
from bot.domain.incident import Incident
from bot.json_shapes.communications import audience_message_json, communication_json, findings_json, reach_json
from bot.json_shapes.incidents import instant
from bot.operations.base import (
    CURSOR,
    WORDS_PATTERN,
    Answer,
    Arguments,
    Call,
    NoArguments,
    Operation,
    Shape,
    number_in,
    question,
)
from bot.operations.cursors import position, token
from bot.operations.visibility import visible_incident
from bot.usecases import authorize
from bot.usecases.communications.approve import approve, decline
from bot.usecases.communications.compose import MessageFields, compose, correction, delivery_of, existing
from bot.usecases.communications.draft import draft, record_of
from bot.usecases.communications.send import ACTION, send
from storage import communications as stored

TAG = "Communications"
PAGE, MOST = 20, 100
Stage = Literal["start", "update", "resolved", "briefing"]
AudienceKey = Annotated[str, Field(min_length=1, max_length=100, pattern=WORDS_PATTERN)]
Subject = Annotated[str, Field(min_length=1, max_length=SUBJECT_LENGTH, pattern=WORDS_PATTERN)]
Text = Annotated[str, Field(min_length=1, max_length=TEXT_LENGTH, pattern=WORDS_PATTERN)]
Accepted = Annotated[bool, Field(description="Whether somebody looked at what the lint finds.")]


class DeliveryShape(Shape):
    """The delivery of a message to one group of recipients."""

    model_config = ConfigDict(title="Delivery")

    group: str
    recipients: int
    sent: int
    failed: int


class LeftOutShape(Shape):
    """A member of the audience who does not get the message."""

    model_config = ConfigDict(title="LeftOut")

    who: str
    why: str


class CommunicationShape(Shape):
    """A message to an audience."""

    model_config = ConfigDict(title="Communication")

    id: str = Field(examples=["INC-42/3"])
    number: int
    incident: str
    audience: str
    name: str
    stage: str
    subject: str
    text: str
    state: str = Field(description="`asked` while it waits for a second person, `refused`, or `sent`.")
    public: bool
    author: str
    approver: str | None
    written_at: datetime
    sent_at: datetime | None
    corrects: str | None = Field(description="The ID of the message that it corrects.")
    delivery: list[DeliveryShape]
    left_out: list[LeftOutShape]


class CommunicationsShape(Shape):
    """Messages to the audiences of an incident, the newest first."""

    model_config = ConfigDict(title="Communications")

    communications: list[CommunicationShape]
    next_cursor: str | None


class AudienceShape(Shape):
    """An audience of the policy, and when it was last told of the incident."""

    model_config = ConfigDict(title="Audience")

    audience: str
    name: str
    public: bool
    proposed: bool = Field(description="Whether the severity proposes it.")
    told: dict[str, Any] | None
    due_at: datetime | None


class AudiencesShape(Shape):
    """The audiences of an incident."""

    model_config = ConfigDict(title="Audiences")

    audiences: list[AudienceShape]


class DraftShape(Shape):
    """A draft from the template, with the exact recipients. Nothing is sent."""

    model_config = ConfigDict(title="Draft")

    audience: str
    name: str
    stage: str
    subject: str
    text: str
    public: bool
    second_person: bool
    recipients: list[dict[str, str]]
    left_out: list[LeftOutShape]
    findings: list[dict[str, Any]]
    told: dict[str, Any] | None
    changes: list[str]
    due_at: datetime | None


class ListCommunicationsArguments(Arguments):
    """Which messages to list."""

    limit: Annotated[int, Field(ge=1, le=MOST)] = PAGE
    cursor: Annotated[str, Field(pattern=CURSOR, description="`next_cursor` of the page before.")] | None = None


class DraftArguments(Arguments):
    """The audience, and the stage unless it is the one that is due."""

    audience: AudienceKey
    stage: Stage | None = None


class SendArguments(Arguments):
    """A message. Fields that are left out come from the audience's template."""

    audience: AudienceKey
    subject: Subject | None = None
    text: Text | None = None
    stage: Stage | None = None
    accept_findings: Accepted = False


class CorrectArguments(Arguments):
    """The corrected text. Without a subject, the default one says that it is a correction."""

    text: Text
    subject: Subject | None = None
    accept_findings: Accepted = False


async def _audiences(call: Call, _: NoArguments) -> Answer:
    incident = await visible_incident(call)
    async with call.context.database.reading() as conn:
        policy = await call.context.policies.of(conn, incident)
    proposed = stages.proposed_audiences(incident, policy)
    return Answer(
        {
            "audiences": [
                {
                    "audience": audience.key,
                    "name": audience.name,
                    "public": audience.public,
                    "proposed": audience in proposed,
                    "told": audience_message_json(incident.told.get(audience.key)),
                    "due_at": instant(stages.due_at(incident, audience, policy)),
                }
                for audience in (
                    *proposed,
                    *(audience for audience in policy.audiences.values() if audience not in proposed),
                )
            ]
        }
    )


async def _list(call: Call, arguments: ListCommunicationsArguments) -> Answer:
    incident = await visible_incident(call)
    async with call.context.database.reading() as conn:
        messages = await stored.newest(conn, incident.number, arguments.limit + 1, before=position(arguments.cursor))
    page = messages[: arguments.limit]
    next_cursor = token(page[-1].number) if len(messages) > arguments.limit else None
    return Answer({"communications": [await _json(call, message) for message in page], "next_cursor": next_cursor})


async def _get(call: Call, _: NoArguments) -> Answer:
    incident = await visible_incident(call)
    return Answer(await _json(call, await existing(call.context, incident, _number(call))))


async def _draft(call: Call, arguments: DraftArguments) -> Answer:
    incident = await visible_incident(call)
    authorize.require(call.context, ACTION, call.actor, incident)
    async with call.context.database.reading() as conn:
        policy = await call.context.policies.of(conn, incident)
        audience = tell.audience_of(policy, arguments.audience)
        record = await record_of(call.context, conn, incident, policy)
        message_draft = await draft(call.context, conn, record, audience, arguments.stage)
    return Answer(
        {
            "audience": audience.key,
            "name": audience.name,
            "stage": message_draft.message.stage,
            "subject": message_draft.message.subject,
            "text": message_draft.message.text,
            "public": audience.public,
            "second_person": audience.second_person,
            **reach_json(message_draft.reach),
            "findings": findings_json(message_draft.findings),
            "told": audience_message_json(message_draft.told),
            "changes": list(message_draft.changes),
            "due_at": instant(message_draft.due_at),
        }
    )


async def _send(call: Call, arguments: SendArguments) -> Answer:
    incident = await visible_incident(call)
    authorize.require(call.context, ACTION, call.actor, incident)
    fields = MessageFields(arguments.subject, arguments.text, arguments.stage, arguments.accept_findings)
    message = await compose(call.context, incident, arguments.audience, fields)
    communication = await send(call.context, incident.number, message, call.actor, call.delivery)
    return Answer(
        await _json(call, communication), location=f"/incidents/{incident.id}/communications/{communication.number}"
    )


async def _correct(call: Call, incident: Incident, arguments: CorrectArguments) -> Communication:
    authorize.require(call.context, ACTION, call.actor, incident)
    fields = MessageFields(arguments.subject, arguments.text, accept_findings=arguments.accept_findings)
    message = await correction(call.context, incident, _number(call), fields)
    return await send(call.context, incident.number, message, call.actor, call.delivery)


async def _approve(call: Call, incident: Incident, _: NoArguments) -> Communication:
    return await approve(call.context, incident.number, _number(call), call.actor, call.delivery)


async def _decline(call: Call, incident: Incident, _: NoArguments) -> Communication:
    return await decline(call.context, incident.number, _number(call), call.actor, call.delivery)


def _verb(
    word: str,
    summary: str,
    change: Callable[[Call, Incident, Any], Awaitable[Communication]],
    arguments: type[Arguments] = NoArguments,
    **more: Any,
) -> Operation:
    """An operation `POST /incidents/{id}/communications/{communication}/{word}`, which answers a communication."""

    async def run(call: Call, request: Any) -> Answer:
        return Answer(await _json(call, await change(call, await visible_incident(call), request)))

    return Operation(
        name=f"{word}_communication", method="POST", path=f"/incidents/{{id}}/communications/{{communication}}/{word}",
        summary=summary, run=run, answer=CommunicationShape, arguments=arguments, tag=TAG, **more,
    )  # fmt: skip


def _number(call: Call) -> int:
    return number_in(call.path["communication"], "", "message")


async def _json(call: Call, communication: Communication) -> dict[str, Any]:
    return communication_json(communication, await delivery_of(call.context, communication))


COMMUNICATIONS = "/incidents/{id}/communications"
OPERATIONS = (
    question("list_audiences", "/incidents/{id}/audiences", "List the audiences, with when each was last told",
             _audiences, AudiencesShape, tag=TAG),
    question("list_communications", COMMUNICATIONS, "List the messages to audiences, the newest first", _list,
             CommunicationsShape, tag=TAG, arguments=ListCommunicationsArguments, example={"limit": 20}),
    question("get_communication", f"{COMMUNICATIONS}/{{communication}}", "Read a message", _get, CommunicationShape,
             tag=TAG),
    Operation(name="draft_communication", method="POST", path=f"{COMMUNICATIONS}/draft", run=_draft, tag=TAG,
              summary="Draft a message to an audience, and see whom it would reach", answer=DraftShape,
              arguments=DraftArguments, example={"audience": "internal"}),
    Operation(name="send_communication", method="POST", path=COMMUNICATIONS, run=_send, status=201, tag=TAG,
              summary="Send a message to an audience, or ask a second person where the policy wants one",
              answer=CommunicationShape, arguments=SendArguments,
              example={"audience": "internal", "subject": "Checkout is down", "text": "We are looking into it."}),
    _verb("approve", "Approve a message that waits for a second person, and send it", _approve),
    _verb("decline", "Keep a message that waits from going out", _decline),
    _verb("correct", "Send a correction of a message, which links it", _correct, CorrectArguments,
          example={"text": "It was EU customers only."}),
)  # fmt: skip
