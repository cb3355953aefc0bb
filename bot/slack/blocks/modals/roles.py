"""Builds and reads the form **Assign roles**, in which people give the roles of an incident to people."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.domain.values.slack_ids import is_user_id
from bot.slack.blocks import elements, inputs, phrases
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import View

ROLE = "role_"
ROLES = elements.VIEW_BLOCKS - 2


@dataclass(frozen=True, slots=True)
class RolesValues:
    """The submitted changes: only roles that differ from what the person saw when the form opened."""

    incident: int
    assign: dict[str, str] = field(default_factory=dict)  # role to user
    clear: tuple[str, ...] = ()  # roles


def roles_modal(incident: Incident, policy: Policy) -> Block:
    """The form. Each role has an input `role_<key>`, labelled with its title, in which its holder is preselected."""
    required = phrases.level_of(incident, policy).roles
    sorted_roles = sorted(policy.roles, key=lambda role: role.key not in required)
    ordered = sorted_roles[:ROLES]
    holders = {role.key: incident.roles[role.key] for role in ordered if role.key in incident.roles}
    blocks: list[Block] = []
    for role in ordered:
        element: Block = {
            "type": "users_select",
            "placeholder": elements.plain_text("Nobody yet", elements.PLACEHOLDER),
        }
        if is_user_id(holders.get(role.key, "")):
            element["initial_user"] = holders[role.key]
        needed = f"Needed at {incident.severity}. " if role.key in required else ""
        hint = needed + (role.description or " ".join(f"{duty.rstrip('.')}." for duty in role.duties[:3]))
        blocks.append(elements.input_block(f"{ROLE}{role.key}", role.title, element, optional=True, hint=hint.strip()))
    if remainder := elements.left_out(len(sorted_roles) - ROLES, "Type it: `role <role> @user` after the command."):
        blocks.append(remainder)
    if not blocks:
        blocks = [elements.section("The policy has no roles. Add some under `roles:`.")]
    return elements.modal(
        "roles", "Assign roles", "Assign", blocks, inputs.metadata(incident=incident.id, held=holders)
    )


def values_of_roles(view: View, policy: Policy) -> RolesValues:
    """Read the form. It compares with the holders when the form opened, so that a later change is not undone."""
    number, holders = inputs.incident_of(view), inputs.metadata_of(view).get("held") or {}
    assign: dict[str, str] = {}
    clear: list[str] = []
    for role in policy.roles:
        if f"{ROLE}{role.key}" not in ((view.get("state") or {}).get("values") or {}):
            continue
        user = inputs.user(view, f"{ROLE}{role.key}")
        before = holders.get(role.key)
        if user and user != before:
            assign[role.key] = user
        elif user is None and before is not None and is_user_id(before):
            clear.append(role.key)
    return RolesValues(number, assign, tuple(clear))
