"""Explains Slack's error names in plain words, with what to do, for the card and the timeline."""

from __future__ import annotations

from bot.slack.client.api import SlackError

# https://docs.slack.dev/reference/methods — errors of the methods we call
EXPLANATIONS = {
    "not_in_channel": "I am not in that channel. Invite me there: /invite @Tocsin",
    "channel_not_found": "I cannot see that channel. Is the name right, and am I invited if it is private?",
    "is_archived": "the channel is archived. Unarchive it and press Retry",
    "name_taken": "every name I tried is taken",
    "restricted_action": "this workspace does not let apps do that. A workspace admin can allow it",
    "restricted_action_read_only_channel": "that channel is read-only",
    "user_is_restricted": "they are a guest, and guests cannot be invited here",
    "user_is_ultra_restricted": "they are a single-channel guest",
    "ura_max_channels": "they are a guest and already in the maximum number of channels",
    "cant_invite": "Slack does not allow inviting them here",
    "org_user_not_in_team": "they belong to another organisation and are not in this workspace",
    "cant_invite_self": "Slack does not let me invite myself",
    "user_not_found": "Slack knows no user with that ID",
    "users_not_found": "nobody in this workspace has that e-mail address",
    "user_disabled": "their account is deactivated",
    "too_many_pins": "the channel has reached its maximum number of pins",
    "too_many_bookmarks": "the channel has reached its maximum number of bookmarks",
    "missing_scope": "the app lacks a permission. Reinstall it from manifest.yml",
    "wrong_workspace": "the token belongs to another workspace. Set SLACK_BOT_TOKEN of this one",
    "invalid_auth": "Slack refuses the token. Check SLACK_BOT_TOKEN",
    "token_revoked": "the token was revoked. Reinstall the app and set the new SLACK_BOT_TOKEN",
    "account_inactive": "the app was removed from the workspace",
    "msg_blocks_too_long": "the message is too long for Slack",
    "cannot_dm_bot": "bots cannot be messaged directly",
    "messages_tab_disabled": "direct messages to the app are switched off in its settings",
}


def describe_failure(error: SlackError, step: str) -> str:
    """“Could not invite <@U1>: they are a guest … (user_is_restricted).” `step` says what could not be done."""
    return f"Could not {step}: {explanation(error)} ({error.name})."


def explanation(error: SlackError) -> str:
    """The explanation of an error in words."""
    return EXPLANATIONS.get(error.name, "Slack refused")
