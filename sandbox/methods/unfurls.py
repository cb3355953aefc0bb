"""Imitates Slack's `chat.unfurl`, which gives a link in a message a preview."""

from urllib.parse import urlsplit

from sandbox.blocks import attachments_of
from sandbox.errors import SlackError
from sandbox.methods.registry import Call, method
from sandbox.model import Json

UNFURL = {
    "channel": "s", "ts": "s", "unfurls": "j", "unfurl_id": "s", "source": "s",
    "user_auth_message": "s", "user_auth_required": "b", "user_auth_url": "s", "user_auth_blocks": "j",
}  # fmt: skip


@method("chat.unfurl", UNFURL, scopes=("links:write",))
def unfurl(call: Call) -> Json:
    """Attach the previews to the message."""
    channel_id, ts = _message(call)
    unfurls = call.get("unfurls")
    if unfurls is None:
        raise SlackError("missing_unfurls")
    if not (isinstance(unfurls, dict) and all(isinstance(v, dict) for v in unfurls.values())):
        raise SlackError("invalid_unfurls_format")
    _check(call, channel_id, ts, list(unfurls))
    attachments_of(list(unfurls.values()), refused=call.ws.state.refused_blocks)
    call.ws.state.unfurls[(channel_id, ts)] = {"unfurls": unfurls}
    call.ws.state.touch("message", ts)
    return {}


def _check(call: Call, channel_id: str, ts: str, urls: list[str]) -> None:
    """Raise `SlackError` unless the message is there and has these links, of domains that the app registered."""
    if call.ws.state.channels.get(channel_id) is None:
        raise SlackError("cannot_find_channel")
    message = call.ws.state.message(channel_id, ts)
    if message is None:
        raise SlackError("cannot_find_message")
    for url in urls:
        if (urlsplit(url).hostname or "") not in call.ws.manifest.unfurl_domains:
            raise SlackError("cannot_unfurl_url")
        if url.replace("&", "&amp;") not in message.text:
            raise SlackError("cannot_unfurl_message")


def _message(call: Call) -> tuple[str, str]:
    """The channel and `ts` of the message. Raises `SlackError` where the call names none."""
    if call.get("unfurl_id"):
        if call.get("source") not in ("composer", "conversations_history"):
            raise SlackError("missing_source" if not call.get("source") else "invalid_source")
        channel_id, _, ts = str(call.args["unfurl_id"]).partition("-")
        return channel_id, ts
    for name in ("channel", "ts"):
        if not call.get(name):
            raise SlackError(f"missing_{name}")
    return str(call.args["channel"]), str(call.args["ts"])
