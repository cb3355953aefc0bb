"""The beginning of the report."""

from __future__ import annotations

from bot.importers.report import Report, Row, State, in_terminal


def report(*rows: Row) -> list[str]:
    made = Report()
    made.extend(rows)
    return in_terminal(made, "Opsgenie")


def test_what_changes_who_is_paged_comes_before_senders_and_the_rest() -> None:
    lines = report(
        Row("contact_method", "c", "Anna: sms", State.NOT_MOVED, "“x” is no number", "Write it by hand."),
        Row("integration", "i", "Prometheus", State.MOVED, "", "Paste this."),
        Row("rotation", "r1", "Day", State.CHANGED, "Ben is gone", "Replace `nobody`."),
        Row("rotation", "r2", "Night", State.NOT_MOVED, "It has no start", "Write it by hand."),
        Row("schedule", "s", "Off", State.NOT_MOVED, "It is switched off", "Nothing to do if nobody misses it."),
        Row("user", "u", "Anna", State.MOVED),
    )
    assert lines[0] == "Opsgenie: 6 objects, 2 moved, 1 changed, 3 not moved."
    heads = [line for line in lines if line and not line.startswith(" ")][1:]
    assert heads == [
        "Somebody else is paged here, or nobody, until you do this (2):",
        "At the systems that send alerts (1):",
        "What else to do by hand (1):",
        "Not moved or changed, and nothing to do (1): 1 × schedule. --markdown says why.",
        "By kind:",
    ]
    first = lines.index(heads[0])
    assert lines[first + 1 : first + 5] == [
        "  rotation Night (r2): It has no start",
        "      → Write it by hand.",
        "  rotation Day (r1): Ben is gone",
        "      → Replace `nobody`.",
    ]


def test_a_long_part_is_cut_and_says_where_the_rest_is() -> None:
    rows = [Row("user", f"u{n}", "Anna", State.CHANGED, "No address", "Write one.") for n in range(50)]
    lines = report(*rows)
    assert len([line for line in lines if line.startswith("  user Anna")]) == 40
    assert "  … and 10 more; --markdown and --json list all." in lines


def test_an_account_that_is_moved_whole_asks_for_nothing() -> None:
    assert report(Row("user", "u", "Anna", State.MOVED)) == [
        "Opsgenie: 1 object, 1 moved, 0 changed, 0 not moved.", "", "By kind:", "  user                 1 moved",
    ]  # fmt: skip
