"""Builds the report of a day in shadow mode."""

from __future__ import annotations

from bot.domain.figures.shadow import ShadowReport, import_sentence, sentence
from bot.domain.policy.policy import Policy
from bot.domain.routing.payloads import ShadowReportPayload
from bot.slack.blocks import elements
from bot.slack.blocks.elements import Message
from bot.slack.text import clip, plain, render

LINE, SHOWN = 400, 25
NAMES = {"opsgenie": "Opsgenie", "pagerduty": "PagerDuty"}


def report(shadow_report: ShadowReport, day: ShadowReportPayload, policy: Policy) -> Message:
    """The message. It mentions nobody, so that it wakes nobody."""
    vendor = NAMES.get(day.source, day.source)
    total, alike = len(shadow_report.cases), sum(case.alike(policy) for case in shadow_report.cases)
    head = f"Shadow mode, day {day.day} of {day.days}: {alike} of {total} alike"
    if not total:
        head = f"Shadow mode, day {day.day} of {day.days}: nobody was paged"
    lines = [
        f"{'=' if case.alike(policy) else '≠'} *{_text(case.title)}*: {_text(sentence(case, policy))}"
        for case in shadow_report.cases[:SHOWN]
    ]
    if total > SHOWN:
        lines.append(f"… and {total - SHOWN} more")
    if shadow_report.private:
        lines.append(f"{shadow_report.private} about private incidents, left out here")
    if shadow_report.cut:
        lines.append("There was more than one report tells of.")
    if shadow_report.imports:
        lines.append(f"\n*The import differs from {vendor}* (`tocsin import prove` says why):")
        lines += [
            f"≠ {_text(import_sentence(difference, vendor, policy))}" for difference in shadow_report.imports[:SHOWN]
        ]
    foot = f"“They” is {vendor}. Tocsin pages nobody until day {day.days} is over, or `shadow` leaves the policy."
    if day.day >= day.days:
        foot = "Shadow mode is over: *from now on Tocsin pages*. Remove `shadow` from the policy."
    return elements.message(
        head,
        [
            elements.header(head),
            *(elements.sections("\n".join(lines)) if lines else []),
            elements.context(foot),
        ],
    )


def _text(text: str) -> str:
    return clip(render(plain(text)), LINE)
