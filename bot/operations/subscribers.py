"""Operations on the subscribers of the status page.

Administrators list them, add an address, and remove one. People who may plan maintenance subscribe Slack channels.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from bot.domain.access.token import Scope
from bot.domain.errors import NotFound, Refused
from bot.domain.statuspage.subscriber import Subscriber, SubscriberKind
from bot.json_shapes.incidents import instant
from bot.operations.base import Answer, Arguments, Call, NoArguments, Operation, Shape, question
from bot.operations.publishing import Key, component_key
from bot.operations.status_page import TAG
from bot.usecases import authorize
from bot.usecases.status_page import subscribe
from bot.usecases.status_page.address import can_mail, can_post
from bot.usecases.status_page.maintain import ACTION
from bot.usecases.visibility import can_see
from storage import incidents
from storage.statuspage import subscribers

PATH, CHANNELS = "/status-page/subscribers", "/status-page/channels"
CHANNEL = r"^[CG][A-Z0-9]{1,30}$"
PAGE, MOST = 50, 200


class SubscriberShape(Shape):
    """A subscriber, who is told of publications about the components; without components, about all."""

    model_config = ConfigDict(title="Subscriber")

    id: str
    kind: SubscriberKind
    address: str
    components: list[str]
    confirmed: bool
    created_at: datetime


class SubscribersShape(Shape):
    """Subscribers, by ID."""

    model_config = ConfigDict(title="Subscribers")

    subscribers: list[SubscriberShape]
    next_cursor: str | None


class ListSubscribersArguments(Arguments):
    """Which subscribers to list."""

    limit: Annotated[int, Field(ge=1, le=MOST)] = PAGE
    cursor: (
        Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,60}$", description="`next_cursor` of the page before.")] | None
    ) = None


class AddSubscriberArguments(Arguments):
    """An address to subscribe, which is asked to confirm. Without components it is told of all."""

    kind: Literal["email", "webhook"]
    address: Annotated[str, Field(min_length=3, max_length=1000, pattern=r"\S")]
    components: Annotated[tuple[Key, ...], Field(max_length=200)] = ()


class SubscribeChannelArguments(Arguments):
    """A channel of Slack, and the component that it is told of: all of them, if left out."""

    channel: Annotated[str, Field(pattern=CHANNEL, description="Its ID, such as C0123ABCD.")]
    component: Key | None = None


def _json(subscriber: Subscriber) -> dict[str, Any]:
    return {
        "id": subscriber.id,
        "kind": str(subscriber.kind),
        "address": subscriber.address,
        "components": list(subscriber.components if subscriber.active else subscriber.wanted),
        "confirmed": subscriber.active,
        "created_at": instant(subscriber.created_at),
    }


async def _list(call: Call, arguments: ListSubscribersArguments) -> Answer:
    async with call.context.database.reading() as conn:
        rows = await subscribers.page(conn, arguments.cursor or "", arguments.limit)
    next_cursor = rows[-1].id if len(rows) >= arguments.limit else None
    return Answer({"subscribers": [_json(subscriber) for subscriber in rows], "next_cursor": next_cursor})


async def _add(call: Call, arguments: AddSubscriberArguments) -> Answer:
    authorize.require_member(call.context, ACTION, call.actor, None, "add subscribers")
    kind = SubscriberKind(arguments.kind)
    can_reach = can_mail(call.context) if kind is SubscriberKind.EMAIL else can_post(call.context)
    if not can_reach:
        raise Refused(_why_not(call, kind))
    components = [component_key(call, name) for name in arguments.components]
    address = await subscribe.ask(call.context, kind, arguments.address, components)
    async with call.context.database.reading() as conn:
        subscriber = await subscribers.of_address(conn, kind, address)
    if subscriber is None:
        raise Refused("Too many addresses of this owner were asked to confirm lately. Try again in an hour.")
    return Answer(_json(subscriber))


def _why_not(call: Call, kind: SubscriberKind) -> str:
    """The missing settings for subscribers of a kind, in words."""
    if kind not in call.context.policy.status_page.subscribe:
        return f"The policy lets nobody subscribe by {kind}: add {kind} to `status_page.subscribe`."
    if kind is SubscriberKind.EMAIL and "email" not in call.context.methods:
        return "Nobody can subscribe by e-mail yet: set SMTP_URL and MAIL_FROM."
    return "Links to confirm need a public address: set TOCSIN_URL, or `status_page.url` of the policy."


async def _remove(call: Call, _: NoArguments) -> Answer:
    authorize.require_member(call.context, ACTION, call.actor, None, "remove subscribers")
    async with call.context.database.transaction() as conn:
        subscriber = await subscribers.get(conn, call.path["subscriber"])
        if subscriber is None:
            raise NotFound(f"There is no subscriber {call.path['subscriber'][:40]}.", "statuspage subscribers list")
        await subscribers.delete(conn, subscriber.id)
    return Answer(_json(subscriber))


async def _subscribe_channel(call: Call, arguments: SubscribeChannelArguments) -> Answer:
    authorize.require(call.context, ACTION, call.actor)
    if "slack" not in call.context.policy.status_page.subscribe:
        raise Refused("The policy lets no channel subscribe: add slack to `status_page.subscribe`.")
    if await _is_hidden(call, arguments.channel):
        raise NotFound("There is no such channel.")
    component = component_key(call, arguments.component) if arguments.component else None
    subscriber = await subscribe.subscribe_channel(call.context, arguments.channel, component, call.delivery)
    return Answer(_json(subscriber))


async def _unsubscribe_channel(call: Call, _: NoArguments) -> Answer:
    authorize.require(call.context, ACTION, call.actor)
    if await _is_hidden(call, call.path["channel"]):
        raise NotFound(subscribe.NOT_SUBSCRIBED, "subscribe")
    return Answer(_json(await subscribe.unsubscribe_channel(call.context, call.path["channel"], call.delivery)))


async def _is_hidden(call: Call, channel: str) -> bool:
    """Whether the channel is that of a private incident that the caller may not see: nothing is posted there for them.

    In Slack, only members of a channel can subscribe it.
    """
    async with call.context.database.reading() as conn:
        number = await incidents.number_of_channel(conn, channel)
        incident = await incidents.get(conn, number) if number is not None else None
        return incident is not None and not call.operator and not await can_see(conn, incident, call.actor)


OPERATIONS = (
    question("list_subscribers", PATH, "List the subscribers of the status page", _list, SubscribersShape,
             arguments=ListSubscribersArguments, scope=Scope.ADMIN, tag=TAG, example={"limit": 50}),
    Operation(name="add_subscriber", method="POST", path=PATH, run=_add, status=201, scope=Scope.ADMIN, tag=TAG,
              summary="Ask an address to confirm that it subscribes", answer=SubscriberShape,
              arguments=AddSubscriberArguments,
              example={"kind": "email", "address": "ada@example.com", "components": ["api"]}),
    Operation(name="remove_subscriber", method="DELETE", path=f"{PATH}/{{subscriber}}", run=_remove, tag=TAG,
              summary="Remove a subscriber, with its address", answer=SubscriberShape, scope=Scope.ADMIN),
    Operation(name="subscribe_channel", method="POST", path=CHANNELS, run=_subscribe_channel, tag=TAG,
              summary="Tell a channel of what is published", answer=SubscriberShape,
              arguments=SubscribeChannelArguments, example={"channel": "C0123ABCD", "component": "api"}),
    Operation(name="unsubscribe_channel", method="DELETE", path=f"{CHANNELS}/{{channel}}", run=_unsubscribe_channel,
              tag=TAG, summary="Tell a channel nothing more", answer=SubscriberShape),
)  # fmt: skip
