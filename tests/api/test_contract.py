"""The OpenAPI document is true: schemathesis finds no request that the API answers otherwise."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, cast

import hypothesis
import pytest
import requests
import schemathesis
from jsonschema import Draft202012Validator
from pydantic import ValidationError
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.openapi.checks import RejectedPositiveData

from bot.operations.table import BY_NAME, OPERATIONS
from bot.web.api.openapi import example
from bot.web.api.problems import KINDS
from tests.api.calls import MAYA, program, token_for
from tests.scenarios.running import World, policy_file
from tests.waiting import WITHIN_S

POLICY = """
preset: sev1-5
announce: "#incidents"
schedules: {primary: {members: [U0MAYA0000, U0TOM00000]}}
fields: {ticket: {title: Ticket, kind: text}}
"""
EXAMPLES = 4  # of each operation


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return policy_file(tmp_path, POLICY)


async def test_the_document_is_an_openapi_document_that_names_every_operation(world: World) -> None:
    async with program(world, "none") as nobody:
        document = (await nobody.get("/openapi.json")).body
    assert document["openapi"].startswith("3.1")
    named = {op["operationId"] for path in document["paths"].values() for op in path.values()}
    assert named == {operation.name for operation in OPERATIONS} | {"stream_entries"}
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


async def test_the_page_for_people_names_every_operation_and_problem(world: World) -> None:
    async with program(world, "none") as nobody:
        nobody.url = nobody.url.removesuffix("/v1")
        page = await nobody.get("")
    assert page.status == 200
    assert "<script" not in page.body
    for operation in OPERATIONS:
        assert f'id="{operation.name}"' in page.body
    for kind in KINDS:
        assert f'id="{kind}"' in page.body


async def test_every_example_of_the_document_has_valid_arguments(world: World) -> None:
    policy = world.tocsin.context.policy
    for operation in OPERATIONS:
        given = json.loads(json.dumps(example(operation, policy)))
        if operation.method == "GET":
            operation.arguments.model_validate(given)
        else:
            operation.arguments.model_validate_json(json.dumps(given), strict=True)


@pytest.mark.timeout(400)  # it computes for 15 s, which a busy machine makes minutes
async def test_schemathesis_finds_nothing(world: World) -> None:
    """In threads, against the bot that runs here: valid and invalid requests of every operation."""
    await world.declare()
    _, secret = await token_for(world, MAYA, "admin")
    base = f"http://127.0.0.1:{world.tocsin.port}/api/v1"
    failures = await asyncio.to_thread(_look, base, secret)
    assert failures == []


def _look(base: str, secret: str) -> list[str]:
    document = requests.get(f"{base}/openapi.json", timeout=WITHIN_S).json()
    document["servers"] = [{"url": base}]
    schema = schemathesis.openapi.from_dict(document)
    failures: list[str] = []
    for result in schema.get_all_operations():
        operation = cast(Any, result).ok()
        if operation.definition.raw["operationId"] in {"stream_entries", "revoke_token"}:
            continue
        failures += _failures(operation, base, secret)
    return failures


def _refused_by_meaning(failure: Failure, case: Any) -> bool:
    """Whether the arguments have the form of the document, and were refused for what they say.

    No schema says which teams there are, or that a start excludes a number of days.
    """
    if not isinstance(failure, RejectedPositiveData) or failure.status_code != 422:
        return False
    operation = BY_NAME[case.operation.definition.raw["operationId"]]
    try:
        if operation.method == "GET":
            operation.arguments.model_validate(case.query or {})
        else:
            operation.arguments.model_validate_json(json.dumps(case.body), strict=True)
    except ValidationError:
        return False
    return True


def _failures(operation: Any, base: str, secret: str) -> list[str]:
    found: list[str] = []

    @hypothesis.given(case=operation.as_strategy())
    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.generate],
    )
    def check(case: Any) -> None:
        response = case.call(base_url=base, headers={"Authorization": f"Bearer {secret}"}, timeout=WITHIN_S)
        try:
            case.validate_response(response)
        except (Failure, FailureGroup) as error:
            causes = [each for each in getattr(error, "exceptions", [error]) if not _refused_by_meaning(each, case)]
            found.extend(f"{case.method} {case.formatted_path}: {type(each).__name__} {error}"[:900] for each in causes)

    check()
    print(*found[:1])
    return found[:1]
