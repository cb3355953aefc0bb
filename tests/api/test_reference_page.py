"""The page `/api` can be read by people: each argument with its values, and no notation left over."""

from __future__ import annotations

import re

from bot.operations.table import OPERATIONS
from bot.policy.reader import preset
from bot.web.api.reference import page

PAGE = page(preset("sev1-5"))


def test_every_argument_of_every_operation_is_on_the_page() -> None:
    for operation in OPERATIONS:
        part = PAGE.partition(f'<h3 id="{operation.name}">')[2].partition("<h3")[0]
        names = operation.arguments.model_json_schema().get("properties", {})
        missing = [name for name in names if f"<code>{name}</code>" not in part]
        assert missing == [], operation.name


def test_values_are_those_that_are_sent_and_code_stands_as_code() -> None:
    assert "?key=true&amp;limit=20" in PAGE
    assert "<li><code>priority</code> optional: P0, P1, P2, P3" in PAGE
    assert "`" not in re.sub(r"<pre>.*?</pre>", "", PAGE, flags=re.DOTALL)
