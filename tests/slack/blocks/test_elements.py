"""Messages within Slack's limits."""

from __future__ import annotations

from bot.slack.blocks import elements


def test_a_message_with_more_text_than_slack_takes_says_what_is_left_out_and_keeps_buttons_and_foot() -> None:
    sections = [elements.section(f"{number} " + "x" * 2900) for number in range(8)]
    buttons = elements.actions(elements.button("Retry", "retry", "INC-1"))
    message = elements.message("Much", [*sections[:4], buttons, *sections[4:], elements.context("the foot")])
    assert sum(map(elements.text_length, message.blocks)) <= elements.MESSAGE_TEXT
    assert message.blocks[:4] == sections[:4]
    assert buttons in message.blocks
    assert message.blocks[-1] == elements.context("the foot")
    assert message.blocks[-2] == elements.context("… and 4 more parts, which do not fit into one message.")


def test_a_message_that_fits_is_left_alone() -> None:
    sections = [elements.section("x" * 2900)] * 4
    assert elements.message("Much", sections).blocks == sections


def test_a_line_longer_than_a_section_is_split_and_not_cut() -> None:
    line = " ".join(f"word{number}" for number in range(1000))
    blocks, left = elements.newest_lines(["before", line])
    assert left == 0
    assert " ".join(block["text"]["text"] for block in blocks).split() == ["before", *line.split()]


def test_a_long_text_fills_messages_of_four_sections() -> None:
    text = " ".join(f"word{number}" for number in range(4000))
    pages = elements.text_pages(text)
    assert [len(page) for page in pages[:-1]] == [elements.PAGE_CHUNKS] * (len(pages) - 1)
    assert " ".join(chunk for page in pages for chunk in page).split() == text.split()
