from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slugify import slugify

from bot.slack import text

MENTION = re.compile(r"<@[UW][A-Z0-9]+>")
# Pieces of which trouble is made, mixed with anything else.
PIECES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *(
                    "<",
                    ">",
                    "&",
                    "&lt;",
                    "&gt;",
                    "&amp;",
                    "|",
                    "\n",
                    "<!",
                    "<@",
                    "@U4",
                    "U5",
                    "@here",
                    "e\u0301",
                    "שלום",
                ),
                *("<@U1>", "<@U2|maya>", "&lt;@U3&gt;", "<#C1|ops>", "<!channel>", "<!here|here>", "&lt;!channel&gt;"),
                *("<http://x.io|y>", "<mailto:U6@x|U6>", "<!subteam^S1|@ops>", "\x01U7\x02", "\u202e", "\ud800"),
                *("👩‍🚒", "🇩🇪"),
            ]
        ),
        st.text(max_size=5),
    ),
    max_size=12,
).map("".join)


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("a &lt; b &amp;&amp; c &gt; d", "a < b && c > d"),
        ("&amp;lt;", "&lt;"),
        ("<@U123|maya> knows", "<@U123> knows"),
        ("<@W123> knows", "<@W123> knows"),
        ("see <#C1|ops>", "see #ops"),
        ("see <#C1>", "see #C1"),
        ("<!channel> look", "@channel look"),
        ("<!here|here> look", "@here look"),
        ("<!subteam^S1|@ops> look", "@ops look"),
        ("<!subteam^S1> look", "@subteam look"),
        ("<!date^1^{time}|03:00>", "03:00"),
        ("<http://x.io|the page>", "the page (http://x.io)"),
        ("<http://x.io>", "http://x.io"),
        ("<http://x.io|x.io> is down", "x.io is down"),
        ("<https://x.io/a?b=1&amp;c=2>", "https://x.io/a?b=1&c=2"),
        ("<mailto:maya@x.io|maya@x.io>", "maya@x.io"),
        ("<tel:+491234|+49 1234>", "+49 1234"),
        ("one\r\ntwo", "one\ntwo"),
    ],
)
def test_what_slack_sends_becomes_plain_text(raw: str, plain: str) -> None:
    assert text.from_command(raw) == plain


@pytest.mark.parametrize("raw", ["&lt;@U1&gt;", "&lt;@U1|x&gt;", "&lt;@<mailto:U1@x|U1>&gt;", "\x01U1\x02"])
def test_a_typed_mention_is_not_a_mention(raw: str) -> None:
    assert text.mentions_in(text.from_command(raw)) == ()


def test_nothing_typed_into_a_form_is_a_mention() -> None:
    assert text.from_modal(" <@U1> and <!channel> a<b ") == "@U1 and @channel a<b"
    assert text.from_modal(None) == ""


def test_a_title_is_one_line_without_mentions() -> None:
    raw = "<@U1|maya> says\n checkout <!channel> is <@U2> down"
    assert text.title_of(text.from_command(raw), text.names_in(raw)) == "@maya says checkout @channel is @U2 down"


def test_rendering_keeps_real_mentions_and_escapes_all_else() -> None:
    assert text.render("a<b & <@U1> <!channel>") == "a&lt;b &amp; <@U1> &lt;!channel&gt;"
    assert text.render("@here now, @hereby not") == "@\u200bhere now, @hereby not"


def test_a_recorded_message_mentions_nobody() -> None:
    assert text.render_recorded("<@U1|maya> <!here> &lt;b&gt;") == "@maya @\u200bhere &lt;b&gt;"


def test_people_are_shown_as_mention_address_or_name() -> None:
    assert text.mention("U1") == "<@U1>"
    assert text.mention("maya@x.io") == "maya@x.io"
    assert text.mention("tocsin") == "Tocsin"
    assert text.mention("<!channel>") == "&lt;!channel&gt;"


def test_the_bots_address_is_taken_off() -> None:
    assert text.without_bot_mention("<@UBOT> ack --in 4", "UBOT") == "ack --in 4"
    assert text.without_bot_mention("<@UBOT>: resolve Rolled back: done", "UBOT") == "resolve Rolled back: done"
    assert text.without_bot_mention("thanks <@UBOT|tocsin>!", "UBOT") == "thanks"
    assert text.without_bot_mention("<@UBOT>", "UBOT") == ""


def test_quoting_marks_every_line() -> None:
    assert text.quote("a\n\nb") == "> a\n>\n> b"


@pytest.mark.parametrize(
    ("whole", "limit", "cut"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abcde…"),
        ("abc &amp; d", 8, "abc…"),
        ("ab <@U123> d", 8, "ab…"),
        ("abc👩‍🚒d", 6, "abc…"),
        ("abe\u0301ef", 4, "ab…"),
        ("ab🇩🇪c", 5, "ab…"),
    ],
)
def test_clipping_never_cuts_what_belongs_together(whole: str, limit: int, cut: str) -> None:
    assert text.clip(whole, limit) == cut


@given(PIECES, st.integers(1, 40))
def test_a_clipped_text_fits_and_is_whole(raw: str, limit: int) -> None:
    rendered = text.render(text.from_command(raw))
    clipped = text.clip(rendered, limit)
    assert text.length(clipped) <= limit
    assert not re.search(r"&(?!amp;|lt;|gt;)", clipped)
    assert all(match in rendered for match in MENTION.findall(clipped))
    assert clipped.count("<") == clipped.count(">")


@given(PIECES, st.integers(20, 60), st.integers(1, 4))
def test_pieces_of_a_long_text_fit_and_are_few(raw: str, limit: int, at_most: int) -> None:
    pieces = text.chunks(text.render(text.from_command(raw)) * 3, limit, at_most)
    assert len(pieces) <= at_most
    for piece in pieces:
        assert text.length(piece) <= limit
        assert not re.search(r"&(?!amp;|lt;|gt;)", piece)
        assert piece.count("<") == piece.count(">")


def test_a_long_text_is_cut_between_its_lines_where_they_end_near() -> None:
    lines = [f"`verb{n}` does something" for n in range(9)]
    assert text.chunks("\n".join(lines), 110, 9) == ["\n".join(lines[:4]), "\n".join(lines[4:8]), lines[8]]
    assert text.chunks("a\n" + "word " * 6, 20, 9) == ["a\nword word word", "word word word"]


@settings(max_examples=400)
@given(PIECES)
def test_no_text_of_a_users_notifies_whom_they_did_not_mention(raw: str) -> None:
    meant = set(re.findall(r"<@([UW][A-Z0-9]{1,30})(?:\|[^<>\n]*)?>", text._clean(raw)))
    house = text.from_command(raw)
    for shown in (text.render(house), text.render_recorded(raw), text.render(text.from_modal(raw))):
        assert "<!" not in shown
        assert "<#" not in shown
        assert set(text.mentions_in(shown)) <= meant
    assert set(text.mentions_in(house)) <= meant
    assert not text.mentions_in(text.from_modal(raw))
    assert not text.mentions_in(text.title_of(house))
    assert not text.mentions_in(text.render_recorded(raw))
    assert "<!" not in text.plain(house)
    assert "\n" not in text.title_of(house)
    house.encode()


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Checkout is down", "inc-42-checkout-is-down"),
        ("Zahlung für Müller schlägt fehl", "inc-42-zahlung-fur-muller-schlagt-fehl"),
        ("Платежи не работают", "inc-42-platezhi-ne-rabotaiut"),
        ("🔥🔥", "inc-42"),
        ("<!channel>", "inc-42-channel"),
        ("", "inc-42"),
        ("___", "inc-42"),
    ],
)
def test_a_channel_is_named_after_the_title(title: str, name: str) -> None:
    assert text.channel_name("inc-{number}-{slug}", 42, title, "sev1", date(2026, 1, 5)) == name


@given(st.text(st.characters(max_codepoint=127), max_size=200) | st.text("a1',. -_&;#x\n", max_size=200))
def test_a_title_in_ascii_makes_the_name_that_the_library_for_all_alphabets_makes(title: str) -> None:
    assert text.slug_of(title) == slugify(text._defuse(text._clean(title)), max_length=text.CHANNEL_NAME_LENGTH)


def test_a_channel_name_knows_severity_and_day() -> None:
    name = text.channel_name("{date}-{severity}-{number}", 42, "x", "SEV 1", date(2026, 1, 5))
    assert name == "2026-01-05-sev-1-42"


def test_a_template_without_the_number_cannot_make_two_incidents_share_a_name() -> None:
    assert text.channel_name("incident-{slug}", 42, "Down", "sev1", date(2026, 1, 5)) == "inc-42"


@given(st.text(max_size=400), st.sampled_from(["inc-{number}-{slug}", "{slug}", "{slug}_{number}", "-{number}-", "é"]))
def test_every_title_makes_a_name_that_slack_takes(title: str, template: str) -> None:
    name = text.channel_name(template, 42, title, "sev1", date(2026, 1, 5))
    assert re.fullmatch(r"[a-z0-9_][a-z0-9_-]{0,79}", name)
    assert not name.endswith("-")
    assert "42" in name
