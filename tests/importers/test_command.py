"""`tocsin import opsgenie`, from the API to the policy file."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli.main import main
from bot.importers import reader
from bot.policy import load
from tests.importers.accounts import odd_opsgenie, small_opsgenie, user
from tests.importers.conftest import Import, rows_of
from tests.importers.opsgenie_oracle import timeline


def test_a_plan_of_a_small_account_is_a_policy_and_a_row_for_each_object(run_import: Import, tmp_path: Path) -> None:
    rows = rows_of(run_import(small_opsgenie(), "opsgenie", "--plan", "--output", "policy.yml", "--json"))
    assert {tuple(row) for row in rows} == {("kind", "id", "name", "state", "why", "do")}
    assert {(row["kind"], row["id"], row["state"]) for row in rows} == {
        ("user", "u-anna", "moved"),
        ("user", "u-ben", "moved"),
        ("contact_method", "u-anna/c1", "moved"),
        ("schedule", "s-pay", "moved"),
        ("rotation", "r-1", "moved"),
        *(("priority", f"P{number}", "moved") for number in range(1, 6)),
    }
    policy = load(tmp_path / "policy.yml")
    assert policy.contacts["anna-sorensen"].phone == "+4915112345678"
    (layer,) = policy.schedules["payments-primary"].layers
    assert (layer.handoff, str(layer.start), layer.members) == (
        "mon 09:00",
        "2026-01-05",
        ("anna-sorensen", "ben-o-neil"),
    )
    text = (tmp_path / "policy.yml").read_text()
    assert "# opsgenie schedule s-pay · Payments primary" in text
    assert "# rotation r-1 · Week" in text


def test_a_plan_that_is_made_again_changes_nothing(run_import: Import, tmp_path: Path) -> None:
    double = small_opsgenie()
    double.users.append(user("u-same", "same@example.com", "Anna Sørensen"))
    double.users.append(user("u-nomail", "nobody", "No Mail"))
    for _ in range(2):
        assert run_import(double, "opsgenie", "--plan", "--output", "policy.yml").exit_code == 0
    first = (tmp_path / "policy.yml").read_text()
    again = rows_of(run_import(double, "opsgenie", "--plan", "--output", "policy.yml", "--json"))
    assert (tmp_path / "policy.yml").read_text() == first
    assert first.count("# opsgenie user") == 4
    assert [row["state"] for row in again if row["id"] == "u-same"] == ["moved"]


def test_what_the_policy_says_already_stays_letter_by_letter(run_import: Import, tmp_path: Path) -> None:
    own = '# ours\npreset: sev1-5\ncontacts:\n    anna: {slack: "anna@example.com"}  # the boss\n\n# the end\n'
    (tmp_path / "policy.yml").write_text(own)
    result = run_import(small_opsgenie(), "opsgenie", "--plan", "--output", "policy.yml")
    assert result.exit_code == 0, result.output
    text = (tmp_path / "policy.yml").read_text()
    rest = iter(text.splitlines())
    assert all(line in rest for line in own.splitlines()), "each line is there, in the same order"
    policy = load(tmp_path / "policy.yml")
    assert set(policy.contacts) == {"anna", "ben-o-neil"}
    assert policy.schedules["payments-primary"].layers[0].members == ("anna", "ben-o-neil")


def test_a_plan_is_made_again_from_saved_answers_alone(run_import: Import, tmp_path: Path) -> None:
    online = run_import(small_opsgenie(), "opsgenie", "--plan", "--save", "raw", "--json")
    empty = small_opsgenie()
    empty.users.clear()
    offline = run_import(empty, "opsgenie", "--plan", "--from", "raw", "--json")
    assert rows_of(offline) == rows_of(online)
    assert not empty.asked


def test_a_reading_that_broke_goes_on_where_it_stopped(run_import: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "ATTEMPTS", 1)
    double = small_opsgenie()
    double.users += [user(f"u-{number}", f"p{number}@example.com", f"Person {number}") for number in range(120)]
    double.die_after = 60
    broken = run_import(double, "opsgenie", "--plan", "--save", "raw")
    assert broken.exit_code == 1
    assert "--save" in broken.output
    double.die_after, double.asked = 0, type(double.asked)()
    whole = rows_of(run_import(double, "opsgenie", "--plan", "--save", "raw", "--json"))
    assert len([row for row in whole if row["kind"] == "user"]) == 122
    assert double.asked["/v2/users"] == 0, "both pages had come before it broke"
    assert len(double.asked) < 1000


def test_a_vendor_that_asks_for_patience_gets_it(run_import: Import) -> None:
    double = small_opsgenie()
    double.refuse_every = 5
    assert len(rows_of(run_import(double, "opsgenie", "--plan", "--json"))) == 10
    assert double.refused


def test_a_wrong_key_is_named_and_not_shown(run_import: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPSGENIE_API_KEY", "a-wrong-key")
    result = run_import(small_opsgenie(), "opsgenie", "--plan")
    assert result.exit_code == 1
    assert "OPSGENIE_API_KEY" in result.output
    assert "a-wrong-key" not in result.output


def test_names_control_neither_the_terminal_nor_the_file(run_import: Import, tmp_path: Path) -> None:
    double = small_opsgenie()
    evil = "Eve\x1b[2J\u2028\nannounce: '#evil'\n# x\u202e"
    double.users[0]["fullName"] = evil
    double.schedules[0]["name"] = evil
    double.schedules[0]["rotations"][0]["name"] = evil + '", members: [u]}'
    double.contacts["u-anna"][0]["to"] = evil
    for options in ([], ["--markdown"], ["--json"]):
        result = run_import(double, "opsgenie", "--plan", *options)
        assert result.exit_code == 0, result.output
        assert not set(result.stdout) & {"\x1b", "\u2028", "\u202e"}
        assert not [line for line in result.stdout.splitlines() if line.startswith(("announce:", "'#evil'"))]
    run_import(double, "opsgenie", "--plan", "--output", "policy.yml")
    text = (tmp_path / "policy.yml").read_text()
    assert not set(text) & {"\x1b", "\u2028", "\u202e"}
    assert load(tmp_path / "policy.yml").announce == "#incidents"


def test_a_proof_says_that_all_minutes_are_equal_or_exits_with_1(run_import: Import, tmp_path: Path) -> None:
    double = small_opsgenie()
    schedule = double.schedules[0]
    double.timelines["s-pay"] = lambda date, days: timeline(schedule, [], datetime.fromisoformat(date), days)
    equal = run_import(double, "prove", "opsgenie", "--days", "3", "--json")
    assert equal.exit_code == 0, equal.output
    proof = json.loads(equal.stdout)
    assert set(proof) == {"source", "from", "to", "equal_minutes", "total_minutes", "differences"}
    assert proof["equal_minutes"] == proof["total_minutes"] == 33 * 1440
    (tmp_path / "policy.yml").write_text("schedules:\n  payments-primary: {members: [U0BOSS0000]}\n")
    other = run_import(double, "prove", "opsgenie", "--days", "3", "--json")
    assert other.exit_code == 1
    differences = json.loads(other.stdout)["differences"]
    assert set(differences[0]) == {"schedule", "from", "to", "ours", "theirs", "cause"}
    assert differences[0]["ours"] == ["U0BOSS0000"]
    assert "own schedules.payments-primary" in differences[0]["cause"]
    assert run_import(double, "prove", "opsgenie", "--days", "3").output.count("U0BOSS0000")


def test_an_import_records_covers_and_the_past_once(run_import: Import, tmp_path: Path) -> None:
    double = odd_opsgenie()
    arguments = ("opsgenie", "--output", "policy.yml")
    assert CliRunner().invoke(main, ["migrate"]).exit_code == 0
    first = run_import(double, *arguments)
    assert first.exit_code == 0, first.output
    assert "Recorded: 2 covers, 1 past incident, 1 past alert. Ended: 0 covers." in first.stderr
    again = run_import(double, *arguments)
    assert "Recorded: 0 covers, 0 past incidents, 0 past alerts. Ended: 0 covers." in again.stderr
    listed = json.loads(CliRunner().invoke(main, ["list", "all", "--json"]).stdout)
    assert [(each["title"], each["status"], each["declared_at"]) for each in reversed(listed)] == [
        ("Checkout down", "closed", "2026-02-01T03:12:00.000Z"),
    ]
    shown = json.loads(CliRunner().invoke(main, ["show", "INC-1", "--json"]).stdout)
    assert "Rolled back the release" in str(shown["timeline"])
    assert shown["reminders"] == []
    assert CliRunner().invoke(main, ["verify"]).exit_code == 0
    found = CliRunner().invoke(main, ["search", "checkout", "down"]).stdout
    assert "INC-1" in found
    alerts = CliRunner().invoke(main, ["search", "disk", "full"]).stdout
    assert "opsgenie alert of 2026-02-02, sev3: Disk full, acknowledged by ben@example.com" in alerts
    assert "INC-" not in alerts
    metrics = json.loads(CliRunner().invoke(main, ["metrics", "--since", "365d", "--json"]).stdout)
    assert metrics["incidents"] == 0
    double.overrides["s-odd"] = [each for each in double.overrides["s-odd"] if each["alias"] != "o-one"]
    assert (
        "Recorded: 0 covers, 0 past incidents, 0 past alerts. Ended: 1 cover." in run_import(double, *arguments).stderr
    )
