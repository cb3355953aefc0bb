"""The API's document describes the API's treatment of every label name, however odd."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from bot.operations.alerts import SilenceArguments

NAMES = (
    "alertname", "a.b/c-d", "ärger", "名前", "$x", "\U0001f514", "a\u00a0b", "a\u0085b", "a" * 100,
    "", "a b", "a=b", "=", " ", "\na", "a\x00", "a\x0bb", "a\x1cb", "a\x7f", "a" * 101,
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_name_is_taken_just_where_the_document_allows_it(name: str) -> None:
    given = {"labels": {name: "x"}, "duration": "2h"}
    schema = SilenceArguments.model_json_schema()
    try:
        SilenceArguments.model_validate(given)
        taken = True
    except ValidationError:
        taken = False
    assert Draft202012Validator(schema).is_valid(given) is taken
