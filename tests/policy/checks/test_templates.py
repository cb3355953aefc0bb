"""A mistake in a template of the policy is reported with its line in the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import policy as policies
from bot.check import communications
from bot.settings import Settings


def problems_of(folder: Path, text: str) -> str:
    path = folder / "policy.yml"
    path.write_text(text)
    with pytest.raises(policies.PolicyError) as caught:
        policies.read(path)
    return str(caught.value).replace(f"{path}:", "")


def test_an_unknown_variable_is_named_with_its_line(tmp_path: Path) -> None:
    text = "preset: sev1-5\ntemplates:\n  own:\n    subject: A\n    body: |\n      Hello\n      {{ titel }}\n"
    assert problems_of(tmp_path, text) == ("7: templates.own.body: There is no variable “titel”. Did you mean title?")


def test_a_broken_subject_is_named_with_its_line(tmp_path: Path) -> None:
    text = "preset: sev1-5\ntemplates:\n  own:\n    subject: '{{ titel }}'\n    body: Hello\n"
    assert problems_of(tmp_path, text).startswith("4: templates.own.subject: There is no variable")


def test_a_stage_with_an_unknown_template_is_warned_about(tmp_path: Path) -> None:
    path = tmp_path / "policy.yml"
    path.write_text("preset: sev1-5\naudiences:\n  customers: {stages: {start: welcome}}\n")
    assert any("there is no template “welcome”" in warning for warning in policies.read(path).warnings)


def test_a_folder_of_templates_is_checked(tmp_path: Path) -> None:
    (tmp_path / "customer_start.j2").write_text("Subject: {{ title }}\n\n{% if %}\n")
    settings = Settings(_env_file=None, tocsin_templates=tmp_path)
    (finding,) = communications.check(settings, policies.preset("sev1-5"))
    assert not finding.fine
    assert "customer_start.j2:3:" in finding.message
    (tmp_path / "customer_start.j2").write_text("Subject: {{ title }}\n\n{{ impact_description }}\n")
    (finding,) = communications.check(settings, policies.preset("sev1-5"))
    assert finding.fine
