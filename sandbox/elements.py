"""Defines Slack's schema of Block Kit elements (buttons, selects, pickers, inputs) for the sandbox's validation."""

from typing import Any

from sandbox.model import Json
from sandbox.richtext import RICH_TEXT
from sandbox.schema_dsl import (
    ID,
    Check,
    Report,
    anything,
    boolean,
    by_type,
    items,
    number,
    plain,
    record,
    string,
    text,
    typed,
    url,
)

STYLE = string(among=("primary", "danger"))
CONFIRM = record({"text": text(300)}, {"title": plain(100), "confirm": plain(30), "deny": plain(30), "style": STYLE})
ACTION: dict[str, Check] = {"action_id": string(ID)}
CONFIRMED = ACTION | {"confirm": CONFIRM}
FOCUSED = CONFIRMED | {"focus_on_load": boolean}
PICKER = FOCUSED | {"placeholder": plain(150)}
DISPATCH = record(
    {}, {"trigger_actions_on": items(string(among=("on_enter_pressed", "on_character_entered")), 2, fewest=1)}
)
INPUT: dict[str, Check] = ACTION | {
    "placeholder": plain(150),
    "focus_on_load": boolean,
    "dispatch_action_config": DISPATCH,
}

PLAIN_OPTION = record({"text": plain(75), "value": string(150)}, {"description": plain(75), "url": url})
OVERFLOW_OPTION = record({"text": plain(75)}, {"value": string(150), "description": plain(75), "url": url})
RICH_OPTION = record({"text": text(75), "value": string(150)}, {"description": text(75)})
GROUP = record({"label": plain(75), "options": items(PLAIN_OPTION, 100, fewest=1)})


def _choices(element: Json) -> list[Any]:
    groups = element.get("option_groups") or []
    grouped = [option for group in groups if isinstance(group, dict) for option in group.get("options") or []]
    return [*(element.get("options") or []), *grouped]


def _has_one_option_source(element: Json, at: str, report: Report) -> None:
    if bool(element.get("options")) == bool(element.get("option_groups")):
        report(at, "must provide either options or option_groups")
    _initial_is_an_option(element, at, report)


def _initial_is_an_option(element: Json, at: str, report: Report) -> None:
    choices = _choices(element)
    initial = element.get("initial_options") or []
    if element.get("initial_option") is not None:
        initial = [*initial, element["initial_option"]]
    if "initial_options" in element and not element["initial_options"]:
        report(f"{at}/initial_options", "no fewer than 1 items allowed")
    for option in initial:
        if not any(_is_same_option(option, choice) for choice in choices):
            report(at, "initial option(s) not found in options")


def _is_same_option(option: Any, other: Any) -> bool:
    if not isinstance(option, dict) or not isinstance(other, dict):
        return False

    def label(choice: Json) -> Any:
        return choice["text"].get("text") if isinstance(choice.get("text"), dict) else None

    return option.get("value") == other.get("value") and label(option) == label(other)


def _lengths_agree(element: Json, at: str, report: Report) -> None:
    low, high = element.get("min_length"), element.get("max_length")
    if isinstance(low, int) and isinstance(high, int) and low > high:
        report(f"{at}/min_length", "must be less than or equal to max_length")
    initial = element.get("initial_value")
    if isinstance(initial, str) and isinstance(high, int) and len(initial) > high:
        report(f"{at}/initial_value", f"must be less than {high + 1} characters")


def _has_has_one_option_source(image: Json, at: str, report: Report) -> None:
    if bool(image.get("image_url")) == bool(image.get("slack_file")):
        report(at, "must provide either image_url or slack_file")


FILTER = record(
    {},
    {
        "include": items(string(among=("im", "mpim", "private", "public")), fewest=1),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
)
CONVERSATIONS: dict[str, Check] = {
    "default_to_current_conversation": boolean,
    "filter": FILTER,
}
SOURCE: dict[str, Check] = {
    "options": items(PLAIN_OPTION, 100, fewest=1),
    "option_groups": items(GROUP, 100, fewest=1),
}
MANY: dict[str, Check] = {"max_selected_items": number(1)}
URL_BACK: dict[str, Check] = {"response_url_enabled": boolean}
FEW = items(RICH_OPTION, 10, fewest=1)

BUTTON = typed(
    "button",
    {"text": plain(75)},
    CONFIRMED | {"url": url, "value": string(2000), "style": STYLE, "accessibility_label": string(75)},
)
SELECTS: dict[str, Check] = {
    "static_select": typed(
        "static_select", {}, PICKER | SOURCE | {"initial_option": PLAIN_OPTION}, _has_one_option_source
    ),
    "external_select": typed(
        "external_select", {}, PICKER | {"initial_option": PLAIN_OPTION, "min_query_length": number(0)}
    ),
    "users_select": typed("users_select", {}, PICKER | {"initial_user": string()}),
    "conversations_select": typed(
        "conversations_select", {}, PICKER | CONVERSATIONS | URL_BACK | {"initial_conversation": string()}
    ),
    "channels_select": typed("channels_select", {}, PICKER | URL_BACK | {"initial_channel": string()}),
    "multi_static_select": typed(
        "multi_static_select",
        {},
        PICKER | SOURCE | MANY | {"initial_options": items(PLAIN_OPTION, 100)},
        _has_one_option_source,
    ),
    "multi_external_select": typed(
        "multi_external_select",
        {},
        PICKER | MANY | {"initial_options": items(PLAIN_OPTION, 100), "min_query_length": number(0)},
    ),
    "multi_users_select": typed("multi_users_select", {}, PICKER | MANY | {"initial_users": items(string())}),
    "multi_conversations_select": typed(
        "multi_conversations_select", {}, PICKER | MANY | CONVERSATIONS | {"initial_conversations": items(string())}
    ),
    "multi_channels_select": typed("multi_channels_select", {}, PICKER | MANY | {"initial_channels": items(string())}),
}
CHOICES: dict[str, Check] = {
    "radio_buttons": typed(
        "radio_buttons", {"options": FEW}, FOCUSED | {"initial_option": RICH_OPTION}, _initial_is_an_option
    ),
    "checkboxes": typed(
        "checkboxes", {"options": FEW}, FOCUSED | {"initial_options": items(RICH_OPTION, 10)}, _initial_is_an_option
    ),
}
DATES: dict[str, Check] = {
    "datepicker": typed("datepicker", {}, PICKER | {"initial_date": string(pattern=r"\d{4}-\d{2}-\d{2}")}),
    "timepicker": typed(
        "timepicker", {}, PICKER | {"initial_time": string(pattern=r"[0-2]\d:[0-5]\d"), "timezone": string()}
    ),
}
DATETIME: dict[str, Check] = {
    "datetimepicker": typed("datetimepicker", {}, FOCUSED | {"initial_date_time": number(1_000_000_000, 9_999_999_999)})
}
OVERFLOW: dict[str, Check] = {
    "overflow": typed("overflow", {"options": items(OVERFLOW_OPTION, 5, fewest=1)}, CONFIRMED)
}
IMAGE_ELEMENT = typed(
    "image",
    {"alt_text": string(2000)},
    {"image_url": url, "slack_file": record({}, {"id": string(), "url": url})},
    _has_has_one_option_source,
)


BUTTONS: dict[str, Check] = {
    "button": BUTTON,
    "workflow_button": typed(
        "workflow_button",
        {"text": plain(75), "workflow": anything},
        ACTION | {"style": STYLE, "accessibility_label": string(75)},
    ),
}
TEXTS: dict[str, Check] = {
    "plain_text_input": typed(
        "plain_text_input",
        {},
        INPUT
        | {
            "initial_value": string(3000, shortest=0),
            "multiline": boolean,
            "min_length": number(0, 3000),
            "max_length": number(1, 3000),
        },
        _lengths_agree,
    ),
    "email_text_input": typed("email_text_input", {}, INPUT | {"initial_value": string()}),
    "url_text_input": typed("url_text_input", {}, INPUT | {"initial_value": string()}),
    "number_input": typed(
        "number_input",
        {"is_decimal_allowed": boolean},
        INPUT | {"initial_value": string(), "min_value": string(), "max_value": string()},
    ),
    "rich_text_input": typed("rich_text_input", {}, INPUT | {"initial_value": RICH_TEXT}),
    "file_input": typed("file_input", {}, ACTION | {"filetypes": items(string()), "max_files": number(1, 10)}),
}

IN_ACTIONS = by_type(BUTTONS | SELECTS | CHOICES | DATES | DATETIME | OVERFLOW)
ACCESSORY = by_type(BUTTONS | SELECTS | CHOICES | DATES | OVERFLOW | {"image": IMAGE_ELEMENT})
IN_INPUT = by_type(TEXTS | SELECTS | CHOICES | DATES | DATETIME)
IN_CONTEXT = by_type(
    {
        "image": IMAGE_ELEMENT,
        "mrkdwn": typed("mrkdwn", {"text": string(2000)}, {"verbatim": boolean}),
        "plain_text": typed("plain_text", {"text": string(2000)}, {"emoji": boolean}),
    }
)
