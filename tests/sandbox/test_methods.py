"""The table of methods against Slack's own reference, where that is beside this checkout."""

import json

import pytest

from sandbox.methods import METHODS
from sandbox.methods.registry import Method
from tests.sandbox.test_blocks import REFERENCE

# Bookmarks need their channel and kicking a person, though the reference does not mark these as required.
STRICTER = {"channel_id", "bookmark_id", "user"}
SPECIAL = {"api.test"}


@pytest.mark.skipif(not REFERENCE.exists(), reason="Slack's reference data is not beside this checkout")
@pytest.mark.parametrize("method", METHODS.values(), ids=lambda method: method.name)
def test_a_method_takes_and_needs_what_the_reference_says(method: Method) -> None:
    reference = json.loads((REFERENCE.parent / "methods" / f"{method.name}.json").read_text())
    properties = set(reference["args"]["properties"]) - {"token"}
    required = set(reference["args"].get("required", [])) - {"token"}
    assert method.tier == reference["rate_limits"]
    assert method.json_input == bool(reference.get("json_input_supported"))
    if method.name not in SPECIAL:
        assert set(method.args) <= properties | {"team_id"}
    assert required <= set(method.required)
    assert set(method.required) - required <= STRICTER
    scopes = (reference.get("scope") or {}).get("bot") or []
    assert set(method.scopes) <= set(scopes)
    assert bool(method.scopes) == bool(scopes)
