"""Lists of the policy as selects, of any length."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.policy.policy import Policy, Role, Service
from bot.domain.policy.schedules import Schedule
from bot.slack.blocks import choices, elements
from bot.slack.blocks.modals.roles import ROLES, roles_modal
from tests.domain.incidents import new_incident
from tests.domain.policies import POLICY


def policy_with(count: int) -> Policy:
    """A policy with so many services, categories, schedules and roles."""
    keys = [f"thing-{n:04}" for n in range(count)]
    return replace(
        POLICY,
        services={key: Service(key, f"Thing {key[6:]}") for key in keys},
        categories=tuple(keys),
        schedules={key: Schedule(key, "UTC", ()) for key in keys},
        roles=tuple(Role(key, f"Role {key[6:]}") for key in keys),
    )


@pytest.mark.parametrize("name", ["services", "category", "schedule", "role"])
def test_a_list_of_any_length_is_offered_whole(name: str) -> None:
    few, many, most = policy_with(100), policy_with(250), policy_with(3000)
    assert len(choices.select(name, few)["options"]) == 100
    groups = choices.select(name, many)["option_groups"]
    assert [len(group["options"]) for group in groups] == [100, 100, 50]
    searched = choices.select(name, most, "thing-2999")
    assert searched["type"] == "external_select"
    assert searched["initial_option"]["value"] == "thing-2999"
    assert [option["value"] for option in choices.matching(name, "2999", most)] == ["thing-2999"]
    assert len(choices.matching(name, "", most)) == elements.OPTIONS


def test_options_with_the_same_text_are_told_apart_by_their_key() -> None:
    policy = replace(
        POLICY, services={key: Service(key, "API") for key in ("eu", "us")} | {"web": Service("web", "Web")}
    )
    select = choices.multi_select("services", policy)
    assert select is not None
    told = {option["value"]: option.get("description", {}).get("text") for option in select["options"]}
    assert told == {"eu": "eu", "us": "us", "web": None}


def test_roles_that_do_not_fit_into_the_form_are_counted() -> None:
    view = roles_modal(new_incident("mild"), policy_with(150))
    assert len(view["blocks"]) == ROLES + 1
    assert "and 52 more" in str(view["blocks"][-1])
