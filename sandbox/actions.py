"""What people do, by name and with JSON arguments: the control API's verbs."""

import base64
from collections.abc import Awaitable, Callable

from sandbox import serializers
from sandbox.errors import NoSuchThing
from sandbox.model import Ephemeral, Json, Message, View
from sandbox.person import Person
from sandbox.workspace import Workspace

Action = Callable[[Workspace, Person, Json], Awaitable[Json]]
DONE: Json = {"ok": True}


def message_of(ws: Workspace, given: Json) -> Message:
    """The message at `channel` and `ts`."""
    found = ws.state.message(ws.channel(given["channel"]).id, given["ts"])
    if found is None:
        raise NoSuchThing("no such message")
    return found


def view_of(person: Person, given: Json) -> View:
    """The view with this ID, or the visible modal."""
    if "view" not in given:
        return person.view
    found = person.ws.state.views.get(given["view"])
    if found is None or found.user != person.id:
        raise NoSuchThing("this person has no such view")
    return found


def surface_of(ws: Workspace, person: Person, given: Json) -> Message | Ephemeral | View:
    """What is pressed on: `view`, `ephemeral`, or `channel` and `ts`."""
    if "view" in given:
        return view_of(person, given)
    if "ephemeral" in given:
        found = next((shown for shown in ws.state.ephemerals if shown.id == given["ephemeral"]), None)
        if found is None:
            raise NoSuchThing("no such ephemeral message")
        return found
    return message_of(ws, given)


async def say(ws: Workspace, person: Person, given: Json) -> Json:
    """`channel`, `text`, `thread_ts`, `broadcast`, `files` (names, or `{"name", "base64"}`)."""
    files: dict[str, bytes] = {}
    for file in given.get("files") or []:
        if isinstance(file, str):
            files[file] = b""
        else:
            files[file["name"]] = base64.b64decode(file.get("base64", ""))
    message = await person.say(
        given["channel"],
        given.get("text", ""),
        thread_ts=given.get("thread_ts"),
        files=files,
        broadcast=bool(given.get("broadcast")),
    )
    return DONE | {"message": serializers.message_shape(ws, message)}


async def upload(ws: Workspace, person: Person, given: Json) -> Json:
    """`name`, `base64`: a file for a modal's file input."""
    file = person.upload(given["name"], base64.b64decode(given.get("base64", "")))
    return DONE | {"file": {"id": file.id, "name": file.name}}


async def dm(ws: Workspace, person: Person, given: Json) -> Json:
    """`other`, `text`."""
    message = await person.dm(given["other"], given["text"])
    return DONE | {"message": serializers.message_shape(ws, message)}


async def open_dm(ws: Workspace, person: Person, given: Json) -> Json:
    """`other`: the direct-message channel."""
    channel = ws.membership.open_im(person.id, ws.user(given["other"]).id)
    return DONE | {"channel": serializers.channel_shape(ws, channel)}


async def edit(ws: Workspace, person: Person, given: Json) -> Json:
    """`channel`, `ts`, `text`."""
    await person.edit(message_of(ws, given), given["text"])
    return DONE


async def delete(ws: Workspace, person: Person, given: Json) -> Json:
    """`channel`, `ts`."""
    await person.delete(message_of(ws, given))
    return DONE


async def react(ws: Workspace, person: Person, given: Json) -> Json:
    """`channel`, `ts`, `name`."""
    await person.react(message_of(ws, given), given["name"])
    return DONE


async def unreact(ws: Workspace, person: Person, given: Json) -> Json:
    """`channel`, `ts`, `name`."""
    await person.unreact(message_of(ws, given), given["name"])
    return DONE


async def pin(ws: Workspace, person: Person, given: Json) -> Json:
    """`channel`, `ts`."""
    await person.pin(message_of(ws, given))
    return DONE


async def unpin(ws: Workspace, person: Person, given: Json) -> Json:
    """`channel`, `ts`."""
    await person.unpin(message_of(ws, given))
    return DONE


async def join(ws: Workspace, person: Person, given: Json) -> Json:
    """`channel`."""
    await person.join(given["channel"])
    return DONE


async def leave(ws: Workspace, person: Person, given: Json) -> Json:
    """`channel`."""
    await person.leave(given["channel"])
    return DONE


async def invite(ws: Workspace, person: Person, given: Json) -> Json:
    """`channel`, `names`."""
    await person.invite(given["channel"], *given["names"])
    return DONE


async def kick(ws: Workspace, person: Person, given: Json) -> Json:
    """`channel`, `name`."""
    await person.kick(given["channel"], given["name"])
    return DONE


async def create(ws: Workspace, person: Person, given: Json) -> Json:
    """`name`, `is_private`."""
    channel = await person.create(given["name"], is_private=bool(given.get("is_private")))
    return DONE | {"channel": serializers.channel_shape(ws, channel)}


async def set_topic(ws: Workspace, person: Person, given: Json) -> Json:
    """`channel`, `topic`."""
    await person.set_topic(given["channel"], given["topic"])
    return DONE


async def set_purpose(ws: Workspace, person: Person, given: Json) -> Json:
    """`channel`, `purpose`."""
    await person.set_purpose(given["channel"], given["purpose"])
    return DONE


async def rename(ws: Workspace, person: Person, given: Json) -> Json:
    """`channel`, `name`."""
    await person.rename(given["channel"], given["name"])
    return DONE


async def archive(ws: Workspace, person: Person, given: Json) -> Json:
    """`channel`."""
    await person.archive(given["channel"])
    return DONE


async def unarchive(ws: Workspace, person: Person, given: Json) -> Json:
    """`channel`."""
    await person.unarchive(given["channel"])
    return DONE


async def delete_channel(ws: Workspace, person: Person, given: Json) -> Json:
    """`channel`."""
    await person.delete_channel(given["channel"])
    return DONE


async def mark(ws: Workspace, person: Person, given: Json) -> Json:
    """`channel`, `ts`: read up to here."""
    person.mark(given["channel"], given["ts"])
    return DONE


async def command(ws: Workspace, person: Person, given: Json) -> Json:
    """`channel`, `line`."""
    return serializers.reply(ws, await person.command(given["channel"], given["line"]))


async def press(ws: Workspace, person: Person, given: Json) -> Json:
    """`view` or `ephemeral` or `channel` and `ts`; `name`, `option`; `stale_blocks` for an old copy of a message."""
    surface = surface_of(ws, person, given)
    stale = None
    if isinstance(surface, Message) and "stale_blocks" in given:
        stale = person.screenshot(surface)
        stale.blocks = given["stale_blocks"]
    return serializers.reply(ws, await person.press(surface, given["name"], given.get("option"), stale=stale))


async def fill(ws: Workspace, person: Person, given: Json) -> Json:
    """`view`, `values` by label."""
    view = view_of(person, given)
    await person.fill(view, given["values"])
    return DONE | {"view": serializers.view(ws, view)}


async def submit(ws: Workspace, person: Person, given: Json) -> Json:
    """`view`."""
    return serializers.reply(ws, await person.submit(view_of(person, given)))


async def close(ws: Workspace, person: Person, given: Json) -> Json:
    """`view`."""
    return serializers.reply(ws, await person.close(view_of(person, given)))


async def suggestions(ws: Workspace, person: Person, given: Json) -> Json:
    """`view`, `name`, `query`."""
    options = await person.suggestions(view_of(person, given), given["name"], given["query"])
    return DONE | {"options": options}


async def shortcut(ws: Workspace, person: Person, given: Json) -> Json:
    """`name`."""
    return serializers.reply(ws, await person.shortcut(given["name"]))


async def message_shortcut(ws: Workspace, person: Person, given: Json) -> Json:
    """`name`, `channel`, `ts`."""
    return serializers.reply(ws, await person.message_shortcut(given["name"], message_of(ws, given)))


async def open_home(ws: Workspace, person: Person, given: Json) -> Json:
    """`tab`."""
    view = await person.open_home(given.get("tab", "home"))
    return DONE | {"view": serializers.view(ws, view) if view else None}


ACTIONS: dict[str, Action] = {
    act.__name__: act
    for act in (
        say, upload, dm, open_dm, edit, delete, react, unreact, pin, unpin, join, leave, invite, kick, create,
        set_topic, set_purpose, rename, archive, unarchive, delete_channel, mark, command, press, fill, submit, close,
        suggestions, shortcut, message_shortcut, open_home,
    )
}  # fmt: skip
