"""The page of the settings, with their defaults from the code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from bot.cli.reference.markdown import code, document, table
from bot.cli.reference.setting_meanings import MEANINGS
from bot.secret_settings import secret_fields
from bot.settings import Settings

INTRODUCTION = (
    "Settings come from environment variables or a `.env` file in the working directory. An empty variable counts as "
    "unset. Every secret may come from a file instead: `SLACK_BOT_TOKEN_FILE=/run/secrets/slack_bot_token`. The "
    "variable itself outranks its file. A secret is replaced without a restart: see [rotate "
    "secrets](../run/rotate-secrets.md). Secrets never appear in logs, errors, the timeline or `tocsin check`."
)


def page() -> str:
    """The page."""
    secrets = {name.upper() for name in secret_fields(Settings)}
    parts = []
    for section, meanings in MEANINGS.items():
        rows = table(("variable", "default", "secret", "meaning"), _rows(meanings, secrets))
        parts += [f"## {section}", rows]
    return document("Settings", INTRODUCTION, parts)


def _rows(meanings: Mapping[tuple[str, ...], str], secrets: set[str]) -> Iterator[tuple[str, str, str, str]]:
    """A row for each setting. Of settings that belong together, the first says what they mean."""
    for names, meaning in meanings.items():
        for name in names:
            text = meaning if name == names[0] else f"with `{names[0]}`"
            yield code(name), code(_default(name)), "yes" if name in secrets else "", text


def _default(name: str) -> str:
    default = Settings.model_fields[name.lower()].default
    if default in (None, PydanticUndefined):
        return ""
    return str(default.get_secret_value() if isinstance(default, SecretStr) else default)
