"""Defines Slack's schema of rich text blocks for the sandbox's validation."""

from sandbox.schema_dsl import ID, Check, anything, boolean, by_type, items, number, record, string, typed, url

STYLE = record(
    {},
    {
        name: boolean
        for name in ("bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink")
    },
)
STYLED: dict[str, Check] = {"style": STYLE}
INLINE = by_type(
    {
        "text": typed("text", {"text": string(shortest=1)}, STYLED),
        "link": typed("link", {"url": url}, STYLED | {"text": string(shortest=0), "unsafe": boolean}),
        "emoji": typed("emoji", {"name": string()}, STYLED | {"unicode": string(), "url": url, "skin_tone": anything}),
        "user": typed("user", {"user_id": string()}, STYLED),
        "channel": typed("channel", {"channel_id": string()}, STYLED),
        "usergroup": typed("usergroup", {"usergroup_id": string()}, STYLED),
        "team": typed("team", {"team_id": string()}, STYLED),
        "broadcast": typed("broadcast", {"range": string(among=("here", "channel", "everyone"))}, STYLED),
        "color": typed("color", {"value": string()}, STYLED),
        "date": typed("date", {"timestamp": number(), "format": string()}, STYLED | {"url": url, "fallback": string()}),
    }
)
SECTION = typed("rich_text_section", {"elements": items(INLINE)})
PARTS = by_type(
    {
        "rich_text_section": SECTION,
        "rich_text_list": typed(
            "rich_text_list",
            {"elements": items(SECTION, fewest=1), "style": string(among=("bullet", "ordered"))},
            {"indent": number(0, 8), "offset": number(0), "border": number(0, 1)},
        ),
        "rich_text_preformatted": typed(
            "rich_text_preformatted", {"elements": items(INLINE)}, {"border": number(0, 1), "language": string()}
        ),
        "rich_text_quote": typed("rich_text_quote", {"elements": items(INLINE)}, {"border": number(0, 1)}),
    }
)
RICH_TEXT = typed("rich_text", {"elements": items(PARTS, fewest=1)}, {"block_id": string(ID)})
