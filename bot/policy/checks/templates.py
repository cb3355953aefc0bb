"""Checks the templates of communications: each is valid Jinja2 with known variables, and those named exist."""

from __future__ import annotations

from collections.abc import Iterator

from bot.policy.checks.context import CheckContext
from bot.policy.problems import KeyPath, Problem, path_text
from bot.templates.library import shipped_keys
from bot.templates.render import TemplateProblem, problems_in

_FIRST_LINE_OF_BODY = 3  # of the whole template: the subject and an empty line stand before it


def problems(context: CheckContext) -> Iterator[Problem]:
    """A problem for each mistake in a template of the file, with its line."""
    for key, template in context.model.templates.items():
        if context.in_file(("templates", key)):
            for problem in problems_in(f"Subject: {template.subject}\n\n{template.body}"):
                yield _in_policy_file(context, ("templates", key), template.body, problem)


def warnings(context: CheckContext) -> Iterator[Problem]:
    """A warning for each stage whose template is not known here: a folder may have it."""
    template_keys = {*shipped_keys(), *context.model.templates}
    for key, audience in context.model.audiences.items():
        for stage, template in audience.stages.items():
            if template not in template_keys:
                path = ("audiences", key, "stages", stage)
                message = f"there is no template “{template}”, unless TOCSIN_TEMPLATES has {template}.j2."
                yield context.problem(path, message)


def _in_policy_file(context: CheckContext, path: KeyPath, body: str, problem: TemplateProblem) -> Problem:
    """The problem in the line of the policy file that it stands in; a body of several lines begins below its key."""
    in_body = problem.line - _FIRST_LINE_OF_BODY
    where = (*path, "subject") if in_body < 0 else (*path, "body")
    line = context.source.line(where)
    if line is not None and in_body >= 0 and "\n" in body.strip():
        line += 1 + in_body
    return Problem(where, f"{path_text(where)}: {problem.message}", line)
