"""Alerting rules are listed and switched through the API and MCP, with the same permissions and the same record."""

from __future__ import annotations

from pathlib import Path

from storage.rules import switches
from tests.api.calls import GAIL, MAYA, call_tool, program
from tests.scenarios.running import policy_file, running_world

POLICY = """
preset: sev1-5
rules:
  errors: {name: Checkout fails, severity: sev1, conditions: [{type: threshold, query: errors, op: gt, value: 5}]}
"""


async def test_a_rule_is_switched_through_the_api_and_mcp(sqlite_url: str, tmp_path: Path) -> None:
    async with running_world(sqlite_url, policy=policy_file(tmp_path, POLICY)) as world:
        async with (
            program(world, scopes="admin") as maya,
            program(world, scopes="write") as writer,
            program(world, person=GAIL, scopes="admin") as guest,
        ):
            (rule,) = (await writer.get("/rules")).body["rules"]
            assert (rule["id"], rule["enabled"], rule["switched"]) == ("errors", True, None)
            assert (await writer.post("/rules/errors/disable", {"reason": "Noisy"})).status == 403
            assert (await guest.post("/rules/errors/disable", {"reason": "Noisy"})).status == 403
            assert (await maya.post("/rules/errors/disable", {"reason": " "})).status == 422
            assert (await maya.post("/rules/none/disable", {"reason": "Noisy"})).status == 404
            switched = await maya.post("/rules/errors/disable", {"reason": "Noisy"})
            assert switched.status == 200
            assert (switched.body["enabled"], switched.body["switched"]["by"]) == (False, MAYA)
        secret = maya.token or ""
        given = {"rule": "errors", "enabled": True, "reason": "Calm"}
        assert '"enabled":true' in (await call_tool(world, secret, "switch_rule", given))[1]
        assert "Checkout fails" in (await call_tool(world, secret, "list_rules", {}))[1]
        async with world.tocsin.database.reading() as conn:
            switch = (await switches.newest(conn))["errors"]
        assert (switch.enabled, switch.reason, switch.actor) == (True, "Calm", MAYA)
