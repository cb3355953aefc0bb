"""The table of methods, compared with Slack's reference where it is available."""

import json

import pytest

from sandbox.methods import METHODS
from sandbox.methods.registry import Method
from tests.sandbox.conftest import REFERENCE

# The reference does not mark a bookmark's channel or the user to kick as required, but the methods need them.
STRICTER = {"channel_id", "bookmark_id", "user"}
SPECIAL = {"api.test"}


@pytest.mark.skipif(not REFERENCE.exists(), reason="Slack's reference data is not beside this checkout")
@pytest.mark.parametrize("method", METHODS.values(), ids=lambda method: method.name)
def test_a_method_matches_slacks_reference(method: Method) -> None:
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
