"""The manual explains every part of a playbook, and its examples are valid."""

from __future__ import annotations

import re
import typing
from pathlib import Path

import pytest
from pydantic import BaseModel

from bot.domain.playbook.definition import RUNNERS, TYPES
from playbooks import loader, models

MANUAL = (Path(__file__).parents[2] / "docs" / "playbooks.md").read_text(encoding="utf-8")


def parts(model: type[BaseModel]) -> set[type[BaseModel]]:
    found = {model}
    for setting in model.model_fields.values():
        for inner in (setting.annotation, *typing.get_args(setting.annotation)):
            for one in (inner, *typing.get_args(inner)):
                if isinstance(one, type) and issubclass(one, BaseModel):
                    found |= parts(one)
    return found


def test_the_manual_explains_exactly_the_existing_settings() -> None:
    settings = {name for part in parts(models.Document) for name in part.model_fields}
    explained = set(re.findall(r"^\| `([a-z_]+)`", MANUAL, re.MULTILINE)) | {"steps", "within"}
    assert settings - explained == set()
    assert explained - settings == set()


def test_the_manual_names_every_type_and_runner() -> None:
    assert [name for name in (*TYPES, *RUNNERS) if f"`{name}`" not in MANUAL] == []


def test_the_manual_counts_the_playbooks_correctly() -> None:
    kinds = [playbook.kind for playbook in loader.shipped_library().playbooks]
    assert (kinds.count("playbook"), kinds.count("checklist")) == (31, 9)


@pytest.mark.parametrize("text", re.findall(r"```yaml\n(.*?)```", MANUAL, re.DOTALL))
def test_every_example_is_valid(text: str) -> None:
    assert loader.from_text(text).steps
