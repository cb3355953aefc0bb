"""Findings of `tocsin check` about playbooks and runners."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot import policy as policy_reader
from bot.check import playbooks
from bot.settings import Settings
from tests.programs import USER_RULE

OWN = "id: mine\nname: Mine\ncategory: availability\nphases: [{title: P, steps: [{title: S, commands: ['look api'], "
OWN += "automation: {runner: process}}]}]\n"


def look(tmp_path: Path, policy: str, folder: Path | None = None, **environ: str) -> list[str]:
    path = tmp_path / "policy.yml"
    path.write_text(policy)
    settings = Settings(_env_file=None, tocsin_playbooks=str(folder) if folder else None)
    said = playbooks.check(settings, policy_reader.load(path), environ)
    return [f"{'⚠' if one.warning else '✓' if one.fine else '✗'} {one.subject}: {one.message}" for one in said]


def test_by_default_nothing_runs(tmp_path: Path) -> None:
    library, automation = look(tmp_path, "preset: sev1-5\n")
    assert library.endswith("shipped, none of your own (TOCSIN_PLAYBOOKS)")
    assert automation == "✓ automation: off: no step is run, people run the commands themselves"


def test_the_operators_folder_is_checked(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "mine.yml").write_text(OWN)
    assert f"of which 1 are from {folder}" in look(tmp_path, "preset: sev1-5\n", folder)[0]
    (folder / "bad.yml").write_text("id: bad\nnaem: Bad\n")
    (problem,) = look(tmp_path, "preset: sev1-5\n", folder)
    assert problem.startswith("✗ playbooks: ")
    assert "bad.yml:2: naem is not a setting here. Did you mean name?" in problem


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("services: {api: {playbooks: [api-outge]}}\n", "services.api.playbooks: there is no playbook “api-outge”."),
        ("automation: {matrix: {a: {playbooks: [servis-restart], decision: manual}}}\n",
         "automation.matrix.a.playbooks: there is no playbook “servis-restart”. Did you mean service-restart?"),
    ],
)  # fmt: skip
def test_playbooks_named_in_the_policy_must_exist(tmp_path: Path, policy: str, said: str) -> None:
    assert any(line.startswith("✗ playbooks: " + said) for line in look(tmp_path, policy))
    assert not any("✗" in line for line in look(tmp_path, "services: {api: {playbooks: [api-outage]}}\n"))


def test_check_says_which_steps_would_run(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "mine.yml").write_text(OWN)
    tool = tmp_path / "look"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    policy = f"""
automation:
  enabled: true
  runners:
    process:
      allow:
        - {{executable: {tool}, arguments: [api], environment_from: [OPS_TOKEN]{USER_RULE}}}
        - {{executable: /usr/bin/there-is-none, arguments: [[]]{USER_RULE}}}
    wait: {{}}
"""
    said = look(tmp_path, policy, folder)
    assert f"✓ automation: process: {tool}; 2 at once" in said
    assert "✓ automation: wait: up to 10m" in said
    assert "⚠ automation: /usr/bin/there-is-none cannot be run: No such file or directory." in said
    assert f"⚠ automation: environment_from of {tool}: OPS_TOKEN is not set in the environment." in said
    assert any("would run 2 steps: mine 1.1, service-down-auto-recovery 2.2" in line for line in said)
    assert any("want the runner http" in line and "are not allowed by the policy" in line for line in said)


@pytest.mark.skipif(os.geteuid() != 0, reason="the tests' user is not root")
@pytest.mark.parametrize("user", ["", ", user: root"])
def test_programs_that_would_run_as_root_fail_the_check(tmp_path: Path, user: str) -> None:
    allow = f"{{executable: /bin/true, arguments: [[]]{user}}}"
    said = look(tmp_path, f"automation: {{enabled: true, runners: {{process: {{allow: [{allow}]}}}}}}\n")
    assert (
        "✗ automation: true would run as root, whose processes the system does not limit. "
        "Name another user for it in the policy, such as `user: nobody`, or run the bot as one."
    ) in said
