"""Imitates Slack's `files.*` methods."""

import mimetypes

from sandbox.blocks import blocks_of
from sandbox.errors import SlackError, invalid_arguments
from sandbox.methods.registry import Call, method
from sandbox.model import Channel, File, Json
from sandbox.mrkdwn import clean
from sandbox.state import new_id

TICKET = {"length": "i", "filename": "s", "alt_txt": "s", "snippet_type": "s"}


def new_file(call: Call, name: str, size: int, **fields: str) -> File:
    """Create a file of the bot that is not shared yet."""
    file = File(new_id("F"), name, name, call.bot.id, size, int(call.ws.clock.now()), complete=False)
    file.mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
    file.filetype = name.rpartition(".")[2].lower() or "binary"
    for key, value in fields.items():
        setattr(file, key, value)
    call.ws.state.files[file.id] = file
    call.ws.state.touch("file", file.id)
    return file


@method(
    "files.getUploadURLExternal",
    TICKET,
    ("length", "filename"),
    tier="t4",
    scopes=("files:write",),
    json_input=False,
)
def upload_url(call: Call) -> Json:
    """Step 1 of an upload: reserve a file and return the address to send its bytes to."""
    if call.args["length"] <= 0:
        raise invalid_arguments("must be greater than 0 [json-pointer:/length]")
    file = new_file(call, call.args["filename"], call.args["length"])
    return {"upload_url": f"{call.ws.url}/upload/{file.id}", "file_id": file.id}


COMPLETED = {
    "files": "j", "channel_id": "s", "channels": "s", "thread_ts": "s", "initial_comment": "s", "blocks": "j",
    "username": "s", "icon_url": "s", "icon_emoji": "s",
}  # fmt: skip


@method("files.completeUploadExternal", COMPLETED, ("files",), tier="t4", scopes=("files:write",))
def complete_upload(call: Call) -> Json:
    """Step 3 of an upload: share the files whose bytes have arrived."""
    entries = call.args["files"]
    if not isinstance(entries, list) or not all(isinstance(entry, dict) and "id" in entry for entry in entries):
        raise invalid_arguments("must be a list of objects with an id [json-pointer:/files]")
    files = [_take_upload(call, entry) for entry in entries]
    for channel_id in filter(None, [call.get("channel_id"), *(call.get("channels") or "").split(",")]):
        _share(call, files, channel_id)
    return {"files": [call.ws.slack_messages.file(file) for file in files]}


def _take_upload(call: Call, entry: Json) -> File:
    file = call.ws.state.files.get(entry["id"])
    if file is None or file.id not in call.ws.state.contents:
        raise SlackError("file_not_found")
    if entry.get("title"):
        file.title = entry["title"]
    file.complete = True
    call.ws.state.touch("file", file.id)
    return file


def _share(call: Call, files: list[File], channel_id: str) -> None:
    channel: Channel | None = call.ws.state.channels.get(channel_id)
    if channel is None or not (channel.is_public or call.bot.id in channel.members):
        raise SlackError("invalid_channel")
    if call.bot.id not in channel.members:
        raise SlackError("not_in_channel")
    for file in files:
        file.channels.append(channel.id)
    call.ws.posting.post(
        channel,
        call.bot.id,
        clean(call.get("initial_comment") or ""),
        subtype="file_share",
        blocks=blocks_of(call.get("blocks"), refused=call.ws.state.refused_blocks),
        thread_ts=call.get("thread_ts"),
        files=[file.id for file in files],
        bot_id=call.bot.bot_id,
        app_id=call.bot.app_id,
    )
    for file in files:
        call.ws.emit_file_shared(file, channel, call.bot.id)


PAGED = {"file": "s", "count": "i", "page": "i", "cursor": "s", "limit": "i"}


@method("files.info", PAGED, ("file",), tier="t4", scopes=("files:read",), json_input=False)
def file_info(call: Call) -> Json:
    """A file that was uploaded completely."""
    file = call.ws.state.files.get(call.args["file"])
    if file is None or not file.complete:
        raise SlackError("file_not_found")
    if file.deleted:
        raise SlackError("file_deleted")
    return {"file": call.ws.slack_messages.file(file), "comments": [], "response_metadata": {"next_cursor": ""}}


@method("files.delete", {"file": "s"}, ("file",), scopes=("files:write",))
def file_delete(call: Call) -> Json:
    """Delete one of the bot's own files."""
    file = call.ws.state.files.get(call.args["file"])
    if file is None:
        raise SlackError("file_not_found")
    if file.deleted:
        raise SlackError("file_deleted")
    if file.user != call.bot.id:
        raise SlackError("cant_delete_file")
    file.deleted = True
    call.ws.state.touch("file", file.id)
    return {}
