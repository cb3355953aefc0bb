"""Charts in monospaced text, for workspaces that refuse chart blocks."""

from __future__ import annotations

import pytest

from bot.slack.blocks import text_charts
from bot.slack.blocks.elements import Block
from bot.slack.blocks.figures import figures
from sandbox.blocks import block_errors
from tests.domain.policies import POLICY
from tests.slack.blocks.test_data import REPORTS


def text(block: Block) -> list[str]:
    """The lines within the fence."""
    return str(block["text"]["text"]).split("```")[1].splitlines()


def test_a_bar_has_a_part_for_each_series_and_its_count() -> None:
    block = text_charts.bars("Incidents by week", ["26 Oct", "2 Nov", "9 Nov"], {"SEV1": [1, 0, 0], "SEV2": [2, 1, 0]})
    assert text(block) == ["26 Oct █▓▓ 3", "2 Nov  ▓ 1", "9 Nov  0", "█ SEV1  ▓ SEV2"]


def test_a_rare_series_still_shows_beside_many_others() -> None:
    first, second, legend = text(text_charts.bars("Weeks", ["a", "b"], {"SEV1": [1, 0], "SEV3": [399, 200]}))
    assert first == f"a █{'▓' * 20} 400"
    assert second == f"b {'▓' * 10} 200"
    assert legend == "█ SEV1  ▓ SEV3"


def test_series_beyond_four_are_summed_as_others() -> None:
    series = {f"SEV{level}": [1] for level in range(1, 7)}
    assert text(text_charts.bars("Weeks", ["a"], series)) == ["a █▓▒░░░ 6", "█ SEV1  ▓ SEV2  ▒ SEV3  ░ others"]


def test_a_table_aligns_its_numbers_and_says_how_many_rows_are_left_out() -> None:
    rows = [["SEV1 Critical", "3", "12m"], ["SEV2", "140", "1h05m"]]
    assert text(text_charts.table("By severity", ("Severity", "n", "ack"), rows)) == [
        "Severity         n    ack",
        "SEV1 Critical    3    12m",
        "SEV2           140  1h05m",
    ]
    many = text(text_charts.table("By service", ("Service", "n"), [[f"s{n}", "1"] for n in range(25)]))
    assert (len(many), many[-1]) == (22, "… and 5 more")


@pytest.mark.parametrize("name", REPORTS)
def test_every_line_fits_on_a_telephone(name: str) -> None:
    message = figures(REPORTS[name], POLICY).plain
    assert block_errors(message.blocks, "message") == []
    drawn = [block for block in message.blocks if "```" in str(block.get("text"))]
    assert len(drawn) == {"nothing": 0, "nothing measured": 2}.get(name, 3)
    assert max((len(line) for block in drawn for line in text(block)), default=0) <= text_charts.LINE
