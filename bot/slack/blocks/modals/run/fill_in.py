"""Builds and reads the form **Fill in**, which asks for the values in a playbook's commands."""

from __future__ import annotations

from bot.domain.playbook.definition import EXAMPLES, Parameter, Playbook
from bot.domain.playbook.run import PlaybookRun
from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import InputErrors, View
from bot.slack.blocks.modals.run.form import run_form

VALUE = "value:"  # prefix of a parameter's name in the block_id of its input
PARAMETERS = 90  # inputs; a form has at most 100 blocks
VALUE_LENGTH = 600


def fill_in_modal(run: PlaybookRun, playbook: Playbook) -> Block:
    """The form, with an input for every parameter of the playbook, those without a value first."""
    missing_first = sorted(playbook.parameters, key=lambda parameter: parameter.name in run.values)
    blocks = [
        _parameter_input(parameter, run.values.get(parameter.name, "")) for parameter in missing_first[:PARAMETERS]
    ]
    intro = elements.section(
        "These values are filled into the commands. Fill in what you know; the rest can wait until its step. Changing "
        "a value withdraws approvals that were given for the old one."
    )
    return run_form("walk_fill", "Fill in", "Save", run, None, [intro, *blocks])


def values_of_fill_in(view: View, playbook: Playbook) -> dict[str, str]:
    """The values that were filled in; empty inputs are left out. Raises `InputErrors` for unusable values."""
    values: dict[str, str] = {}
    errors: dict[str, str] = {}
    for parameter in playbook.parameters:
        name = f"{VALUE}{parameter.name}"
        value = (inputs.chosen_value(view, name) or "") if parameter.options else inputs.text(view, name)
        if not value:
            continue
        if problem := parameter.problem_with(value):
            errors[name] = problem
        values[parameter.name] = value
    if errors:
        raise InputErrors(errors)
    return values


def _parameter_input(parameter: Parameter, value: str) -> Block:
    name = f"{VALUE}{parameter.name}"
    label = f"{parameter.name}: {parameter.description}" if parameter.description else parameter.name
    if parameter.options:
        options = [elements.option(option, option) for option in elements.usable(parameter.options)]
        return elements.input_block(name, label, elements.select(options, value), optional=True)
    example = f"such as {EXAMPLES[parameter.type]}"
    return elements.input_block(
        name, label, elements.text_input(value, longest=VALUE_LENGTH, placeholder=example), optional=True
    )
