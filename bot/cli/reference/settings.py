"""The page of the settings, with their defaults from the code and their meaning from the operator's guide."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from bot.cli.reference.markdown import code, document, table
from bot.settings import Settings, secret_fields

INTRODUCTION = (
    "From the environment or a `.env` file. A secret may come from a file that `NAME_FILE` names, and is replaced "
    "without a restart: see [rotating secrets](../operator.md#rotating-secrets)."
)


def page(root: Path) -> str:
    """The page."""
    meanings = _meanings((root / "docs" / "operator.md").read_text(encoding="utf-8"))
    secrets = set(secret_fields(Settings))
    rows = []
    for name, field in sorted(Settings.model_fields.items()):
        default = "" if field.default in (None, PydanticUndefined, "") else field.default
        text = default.get_secret_value() if isinstance(default, SecretStr) else str(default)
        secret = "yes" if name in secrets else ""
        rows.append((code(name.upper()), code(text), secret, meanings.get(name.upper(), "")))
    return document("Settings", INTRODUCTION, [table(("variable", "default", "secret", "meaning"), rows)])


def _meanings(guide: str) -> dict[str, str]:
    """The meaning of each variable, from the guide's table of settings."""
    section = guide.split("## Settings", 1)[1].split("\n## ", 1)[0]
    meanings: dict[str, str] = {}
    for row in re.findall(r"^\| (`.*) \|$", section, re.MULTILINE):
        names, *_, meaning = re.split(r"(?<!\\) \| ", row)
        linked = re.sub(r"\]\((?!https?:|#)", "](../", meaning).replace("](#", "](../operator.md#")
        meanings |= dict.fromkeys(re.findall(r"`([A-Z_]+)`", names), linked.replace("\\|", "|"))
    return meanings
