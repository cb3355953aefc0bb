"""Slack's error names in plain words, with the mend: they stand on the card and on the timeline."""

from __future__ import annotations

from bot.slack.client.api import SlackError
from storage.outbox.queue import ClaimedNotice

STEPS = {
    "channel": "open the channel",
    "card": "post the incident card",
    "card_edit": "keep the card up to date",
    "pin": "pin the card",
    "topic": "set the topic",
    "purpose": "set the purpose",
    "bookmark": "add a bookmark",
    "invite": "invite",
    "announce": "announce it",
    "announce_edit": "keep the announcement up to date",
    "thread": "post under the announcement",
    "news": "post the news",
    "update": "post the update",
    "duties": "send the duties of a role",
    "nudge": "post a reminder",
    "nudge_edit": "edit a reminder",
    "page_channel": "page in the channel",
    "page_direct": "page",
    "page_elsewhere": "page",
    "page_edit": "edit a page",
    "triage": "post what may help",
    "triage_edit": "keep what may help up to date",
    "declared": "answer whoever declared",
    "shift_offer": "offer to hand a role over",
    "shift_offer_edit": "edit the offer to hand a role over",
    "page_drill": "say whom a page would reach",
    "handover": "ask somebody to take a role over",
    "handover_nudge": "ask again to take a role over",
    "handover_edit": "edit the question to take a role over",
    "briefing": "brief",
    "backfill": "read the channel's history",
    "walk": "post the playbook",
    "walk_edit": "keep the playbook up to date",
    "approval": "post the request for approval",
    "approval_edit": "edit a request for approval",
    "glass": "say that somebody broke the glass",
    "step_late": "remind of a step",
    "job_output": "post what a step printed",
    "job_question": "ask whether a step has run",
    "job_question_edit": "edit the question whether a step has run",
    "job_left": "post what is left to roll back",
    "policy_refused": "say that the policy file cannot be used",
    "policy_mended": "say that the policy file can be used again",
    "usergroup": "bring the user group up to date",
    "playbook_review": "tell the owner of playbooks",
}
# Where it goes to somebody, who follows.
TO = {
    "duties": "send the duties of a role to",
    "approval": "send the request for approval to",
    "step_late": "send the reminder of a step to",
    "briefing": "send the briefing to",
    "playbook_review": "send what is due in playbooks to",
}

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
    "ura_max_channels": "they are a guest in as many channels as they may be",
    "cant_invite": "Slack does not let them be invited here",
    "org_user_not_in_team": "they belong to another organisation and are not in this workspace",
    "cant_invite_self": "Slack does not let me invite myself",
    "user_not_found": "Slack knows nobody by that ID",
    "users_not_found": "nobody in this workspace has that e-mail address",
    "user_disabled": "their account is deactivated",
    "too_many_pins": "the channel has as many pins as it may have",
    "too_many_bookmarks": "the channel has as many bookmarks as it may have",
    "missing_scope": "the app lacks a permission. Reinstall it from manifest.yml",
    "invalid_auth": "Slack refuses the token. Check SLACK_BOT_TOKEN",
    "token_revoked": "the token was revoked. Reinstall the app and set SLACK_BOT_TOKEN anew",
    "account_inactive": "the app was removed from the workspace",
    "msg_blocks_too_long": "the message is too long for Slack",
    "cannot_dm_bot": "bots cannot be messaged directly",
    "messages_tab_disabled": "direct messages to the app are switched off in its settings",
}


def describe_failure(error: SlackError, row: ClaimedNotice) -> str:
    """“Could not invite <@U1>: they are a guest …” — with Slack's own name for it at the end."""
    who = row.payload.get("user") if row.kind == "invite" else row.payload.get("person")
    step = (TO if who else STEPS).get(row.kind) or STEPS.get(row.kind, row.kind)
    if who:
        step += f" {who if '@' in who else f'<@{who}>'}"
    if channel := row.payload.get("channel"):
        step += f" in {channel}" if row.kind == "page_elsewhere" else ""
    mend = EXPLANATIONS.get(error.name, "Slack refused")
    return f"Could not {step}: {mend} ({error.name})."
