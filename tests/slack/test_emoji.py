"""Every emoji of the bot's messages is drawn in the local workspace."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"(?<![\w:{]):([a-z][a-z0-9_+-]{2,}):(?![\w{])")


def test_the_local_workspace_draws_every_emoji_that_messages_have() -> None:
    table = (ROOT / "sandbox/ui/emoji.js").read_text(encoding="utf-8")
    table = table.split("TABLE = `")[1].split("`")[0]
    drawn = {entry.split(" ")[0] for entry in re.split(r"[|\n]", table) if " " in entry}
    used: dict[str, str] = {}
    for module in sorted((ROOT / "bot/slack/blocks").rglob("*.py")):
        used |= dict.fromkeys(CODE.findall(module.read_text(encoding="utf-8")), module.name)
    assert len(used) > 30
    assert {name: module for name, module in used.items() if name not in drawn} == {}
