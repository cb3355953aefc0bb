"""Implements what a person can do in the sandbox, for its control API at `POST /sandbox/people/{who}/{act}`.

Each function takes the workspace, the person and the request's JSON arguments, which its docstring lists.
"""

import base64
from collections.abc import Awaitable, Callable

from sandbox import serializers
from sandbox.errors import NotVisible
from sandbox.model import Ephemeral, Json, Message, View
from sandbox.person import Person
from sandbox.workspace import Workspace

Action = Callable[[Workspace, Person, Json], Awaitable[Json]]
DONE: Json = {"ok": True}


def message_of(ws: Workspace, args: Json) -> Message:
    """Return the message at `channel` and `ts`. Raises `NotVisible`."""
    return ws.message(args["channel"], args["ts"])


def view_of(person: Person, args: Json) -> View:
    """Return the view with the ID `view`, or the visible modal. Raises `NotVisible`."""
    if "view" not in args:
        return person.view
    view = person.ws.state.views.get(args["view"])
    if view is None or view.user != person.id:
        raise NotVisible("this person has no such view")
    return view


def surface_of(ws: Workspace, person: Person, args: Json) -> Message | Ephemeral | View:
    """Return where a person presses: `view`, `ephemeral`, or the message at `channel` and `ts`."""
    if "view" in args:
        return view_of(person, args)
    if "ephemeral" in args:
        ephemeral = next((message for message in ws.state.ephemerals if message.id == args["ephemeral"]), None)
        if ephemeral is None:
            raise NotVisible("no such ephemeral message")
        return ephemeral
    return message_of(ws, args)


async def say(ws: Workspace, person: Person, args: Json) -> Json:
    """Post a message: `channel`, `text`, `thread_ts`, `broadcast`, `files` (names, or `{"name", "base64"}`)."""
    files: dict[str, bytes] = {}
    for file in args.get("files") or []:
        if isinstance(file, str):
            files[file] = b""
        else:
            files[file["name"]] = base64.b64decode(file.get("base64", ""))
    message = await person.say(
        args["channel"],
        args.get("text", ""),
        thread_ts=args.get("thread_ts"),
        files=files,
        broadcast=bool(args.get("broadcast")),
    )
    return DONE | {"message": serializers.message_json(ws, message)}


async def upload(ws: Workspace, person: Person, args: Json) -> Json:
    """Upload a file for a modal's file input: `name`, `base64`."""
    file = person.upload(args["name"], base64.b64decode(args.get("base64", "")))
    return DONE | {"file": {"id": file.id, "name": file.name}}


async def dm(ws: Workspace, person: Person, args: Json) -> Json:
    """Send a direct message: `other` (the recipient), `text`."""
    message = await person.dm(args["other"], args["text"])
    return DONE | {"message": serializers.message_json(ws, message)}


async def open_dm(ws: Workspace, person: Person, args: Json) -> Json:
    """Open the direct-message channel with a user: `other`."""
    channel = ws.membership.open_im(person.id, ws.user(args["other"]).id)
    return DONE | {"channel": serializers.channel_json(ws, channel)}


async def edit(ws: Workspace, person: Person, args: Json) -> Json:
    """Edit a message: `channel`, `ts`, `text`."""
    await person.edit(message_of(ws, args), args["text"])
    return DONE


async def delete(ws: Workspace, person: Person, args: Json) -> Json:
    """Delete a message: `channel`, `ts`."""
    await person.delete(message_of(ws, args))
    return DONE


async def react(ws: Workspace, person: Person, args: Json) -> Json:
    """Add a reaction: `channel`, `ts`, `name` (of the emoji)."""
    await person.react(message_of(ws, args), args["name"])
    return DONE


async def unreact(ws: Workspace, person: Person, args: Json) -> Json:
    """Remove a reaction: `channel`, `ts`, `name` (of the emoji)."""
    await person.unreact(message_of(ws, args), args["name"])
    return DONE


async def pin(ws: Workspace, person: Person, args: Json) -> Json:
    """Pin a message: `channel`, `ts`."""
    await person.pin(message_of(ws, args))
    return DONE


async def unpin(ws: Workspace, person: Person, args: Json) -> Json:
    """Unpin a message: `channel`, `ts`."""
    await person.unpin(message_of(ws, args))
    return DONE


async def join(ws: Workspace, person: Person, args: Json) -> Json:
    """Join a channel: `channel`."""
    await person.join(args["channel"])
    return DONE


async def leave(ws: Workspace, person: Person, args: Json) -> Json:
    """Leave a channel: `channel`."""
    await person.leave(args["channel"])
    return DONE


async def invite(ws: Workspace, person: Person, args: Json) -> Json:
    """Invite people to a channel: `channel`, `names`."""
    await person.invite(args["channel"], *args["names"])
    return DONE


async def kick(ws: Workspace, person: Person, args: Json) -> Json:
    """Remove a person from a channel: `channel`, `name`."""
    await person.kick(args["channel"], args["name"])
    return DONE


async def create(ws: Workspace, person: Person, args: Json) -> Json:
    """Create a channel: `name`, `is_private`."""
    channel = await person.create(args["name"], is_private=bool(args.get("is_private")))
    return DONE | {"channel": serializers.channel_json(ws, channel)}


async def set_topic(ws: Workspace, person: Person, args: Json) -> Json:
    """Set a channel's topic: `channel`, `topic`."""
    await person.set_topic(args["channel"], args["topic"])
    return DONE


async def set_purpose(ws: Workspace, person: Person, args: Json) -> Json:
    """Set a channel's purpose: `channel`, `purpose`."""
    await person.set_purpose(args["channel"], args["purpose"])
    return DONE


async def rename(ws: Workspace, person: Person, args: Json) -> Json:
    """Rename a channel: `channel`, `name` (the new one)."""
    await person.rename(args["channel"], args["name"])
    return DONE


async def archive(ws: Workspace, person: Person, args: Json) -> Json:
    """Archive a channel: `channel`."""
    await person.archive(args["channel"])
    return DONE


async def unarchive(ws: Workspace, person: Person, args: Json) -> Json:
    """Unarchive a channel: `channel`."""
    await person.unarchive(args["channel"])
    return DONE


async def delete_channel(ws: Workspace, person: Person, args: Json) -> Json:
    """Delete a channel: `channel`."""
    await person.delete_channel(args["channel"])
    return DONE


async def mark(ws: Workspace, person: Person, args: Json) -> Json:
    """Mark a channel as read up to a message: `channel`, `ts`."""
    person.mark(args["channel"], args["ts"])
    return DONE


async def command(ws: Workspace, person: Person, args: Json) -> Json:
    """Type a slash command: `channel`, `line`."""
    return serializers.reply_json(ws, await person.command(args["channel"], args["line"]))


async def press(ws: Workspace, person: Person, args: Json) -> Json:
    """Press a button or choose an option: `name`, `option`, and where: `view`, `ephemeral`, or `channel` and `ts`.

    `stale_blocks` presses on an old copy of a message.
    """
    surface = surface_of(ws, person, args)
    stale = None
    if isinstance(surface, Message) and "stale_blocks" in args:
        stale = person.screenshot(surface)
        stale.blocks = args["stale_blocks"]
    return serializers.reply_json(ws, await person.press(surface, args["name"], args.get("option"), stale=stale))


async def fill(ws: Workspace, person: Person, args: Json) -> Json:
    """Fill in a form: `view`, `values` (by label)."""
    view = view_of(person, args)
    await person.fill(view, args["values"])
    return DONE | {"view": serializers.view_json(ws, view)}


async def submit(ws: Workspace, person: Person, args: Json) -> Json:
    """Submit a form: `view`."""
    return serializers.reply_json(ws, await person.submit(view_of(person, args)))


async def close(ws: Workspace, person: Person, args: Json) -> Json:
    """Close a form: `view`."""
    return serializers.reply_json(ws, await person.close(view_of(person, args)))


async def suggestions(ws: Workspace, person: Person, args: Json) -> Json:
    """List what an external select offers: `view`, `name`, `query`."""
    options = await person.suggestions(view_of(person, args), args["name"], args["query"])
    return DONE | {"options": options}


async def shortcut(ws: Workspace, person: Person, args: Json) -> Json:
    """Use a global shortcut: `name`."""
    return serializers.reply_json(ws, await person.shortcut(args["name"]))


async def message_shortcut(ws: Workspace, person: Person, args: Json) -> Json:
    """Use a shortcut of a message: `name`, `channel`, `ts`."""
    return serializers.reply_json(ws, await person.message_shortcut(args["name"], message_of(ws, args)))


async def open_home(ws: Workspace, person: Person, args: Json) -> Json:
    """Open the app's home: `tab`."""
    view = await person.open_home(args.get("tab", "home"))
    return DONE | {"view": serializers.view_json(ws, view) if view else None}


ACTIONS: dict[str, Action] = {
    act.__name__: act
    for act in (
        say, upload, dm, open_dm, edit, delete, react, unreact, pin, unpin, join, leave, invite, kick, create,
        set_topic, set_purpose, rename, archive, unarchive, delete_channel, mark, command, press, fill, submit, close,
        suggestions, shortcut, message_shortcut, open_home,
    )
}  # fmt: skip
