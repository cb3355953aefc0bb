"""Converts a validated policy document into the domain's `Policy`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.domain.alerts.routing import in_words
from bot.domain.policy import alert_rules
from bot.domain.policy import automation_rules as rules
from bot.domain.policy import policy as domain
from bot.domain.policy.alerting_rules import EscalationRung
from bot.domain.policy.shadow import ShadowRules
from bot.domain.policy.webhook_rules import WebhookRule
from bot.domain.values.durations import BusinessDays, Span, parse_duration, parse_span
from bot.domain.values.target import Target, TargetKind
from bot.policy import models
from bot.policy.build_alerting import build_probe, build_rule
from bot.policy.build_figures import build_digest, build_sheet, build_targets
from bot.policy.build_schedules import build_schedules, build_team
from bot.policy.document import digest
from bot.policy.models.conditions import CONDITION
from bot.policy.status_page import build_status_page

_MORE = ("stakeholders", "audiences", "channels", "war_room", "ticket")


def build_policy(model: models.Document, document: dict[str, Any]) -> domain.Policy:
    """The policy of a validated document, with the digest of `document`."""
    return domain.Policy(
        name=model.name or model.preset or "policy",
        severities=tuple(_severity(key, model.severities[key], model) for key in model.order or model.severities),
        roles=tuple(_role(key, model.roles[key]) for key in model.role_order or model.roles),
        announce=model.announce,
        channel_name=model.channel_name,
        timezone=model.timezone,
        nudges=_nudges(model.nudges),
        playbooks=_playbooks(model.playbooks),
        contacts={key: _contact(key, contact) for key, contact in model.contacts.items()},
        schedules=build_schedules(model),
        teams={key: build_team(key, team) for key, team in model.teams.items()},
        ladders={key: build_ladder(ladder) for key, ladder in model.ladders.items()},
        services={key: _service(key, service) for key, service in model.services.items()},
        categories=tuple(model.categories),
        category_details={key: _category(key, category) for key, category in model.categories.items()},
        executives=tuple(model.executives),
        bookmarks=dict(model.bookmarks),
        links=dict(model.links),
        record=model.timeline.record,
        keep=_duration(model.timeline.keep),
        reactions=tuple(model.timeline.reactions),
        triggers=tuple(_trigger(key, trigger) for key, trigger in model.triggers.items()),
        audiences={key: _audience(key, audience) for key, audience in model.audiences.items()},
        templates={
            key: domain.MessageTemplate(template.subject, template.body) for key, template in model.templates.items()
        },
        template_set=model.preset or "",
        communications=domain.CommunicationRules(
            model.communications.company, tuple(model.communications.customers), tuple(model.communications.hosts)
        ),
        classification=tuple(_rule(key, rule) for key, rule in model.classification.items()),
        fields=tuple(_field(key, custom) for key, custom in model.fields.items()),
        automation=_automation(model.automation),
        alerts=_alerts(model.alerts),
        rules={key: build_rule(key, rule, model.metrics) for key, rule in model.rules.items()},
        metrics=dict(model.metrics),
        probes={key: build_probe(key, probe) for key, probe in model.probes.items()},
        targets=build_targets(model.targets),
        weekly_digest=build_digest(model.weekly_digest),
        review_agenda=model.review_agenda,
        sheet=build_sheet(model.sheet),
        shadow=ShadowRules(model.shadow.source, model.shadow.days) if model.shadow else None,
        status_page=build_status_page(model.status_page, model.timezone),
        webhooks=tuple(
            WebhookRule(hook.url, hook.secret, tuple(hook.events), tuple(hook.severities), hook.private)
            for hook in model.webhooks
        ),
        permissions={action: _allow_list(model, targets) for action, targets in model.permissions.items()},
        digest=digest(document),
    )


def _severity(key: str, model: models.Severity, document: models.Document) -> domain.Severity:
    return domain.Severity(
        key=key,
        name=model.name,
        description=model.description,
        user_impact=model.user_impact,
        examples=tuple(model.examples),
        respond_within=_span(model.respond_within),
        update_every=_span(model.update_every),
        escalate_after=_span(model.escalate_after),
        resolve_within=_span(model.resolve_within),
        review_within=_span(model.review_within),
        roles=tuple(model.roles),
        notify_executives=model.notify_executives,
        ladder=build_ladder(document.ladders[model.ladder] if isinstance(model.ladder, str) else model.ladder),
        extra={name: getattr(model, name) for name in _MORE},
    )


def build_ladder(model: list[models.Rung] | models.Ladder) -> tuple[domain.Rung, ...]:
    """The rungs of a ladder, once for each repetition of a ladder that repeats."""
    rungs = tuple(_rung(rung) for rung in models.rungs_of(model))
    repeat = model.repeat if isinstance(model, models.Ladder) else None
    if repeat is None:
        return rungs
    round_length = rungs[-1].after + clock_duration(repeat.after)
    return tuple(
        replace(rung, after=rung.after + round_length * number) for number in range(repeat.times + 1) for rung in rungs
    )


def _rung(model: models.Rung | models.Trigger) -> domain.Rung:
    return domain.Rung(
        after=clock_duration(model.after),
        notify=tuple(model.notify),
        by=tuple(model.by),
        until=domain.Until(model.until),
        repeat=_duration(model.repeat),
    )


def _role(key: str, model: models.Role) -> domain.Role:
    return domain.Role(
        key, model.title, model.description, tuple(model.duties), model.backup, tuple(model.required_for)
    )


def _personal(model: models.PersonalMethod) -> domain.PersonalMethod:
    return domain.PersonalMethod(model.by, clock_duration(model.after), tuple(model.severities))


def _contact(key: str, model: models.Contact) -> domain.Contact:
    addresses = model.slack, model.email, model.phone, model.pagerduty, model.url, model.github, model.push
    return domain.Contact(key, model.name, *addresses, tuple(_personal(step) for step in model.methods))


def _service(key: str, model: models.Service) -> domain.Service:
    return domain.Service(
        key=key,
        name=model.name,
        description=model.description,
        schedule=model.schedule,
        depends_on=tuple(model.depends_on),
        links=dict(model.links),
        channel=model.channel,
        contacts=tuple(model.contacts),
        playbooks=tuple(model.playbooks),
        components=tuple(model.components),
        ladder=model.ladder,
        repository=model.repository,
        project=model.project,
    )


def _category(key: str, model: models.Category) -> domain.Category:
    return domain.Category(key, model.name or key.replace("_", " ").capitalize(), model.description)


def _audience(key: str, model: models.Audience) -> domain.Audience:
    name = model.name or key.replace("_", " ").capitalize()
    return domain.Audience(
        key,
        name,
        model.description,
        model.public,
        tuple(model.notify),
        tuple(model.by),
        stages={str(stage): template for stage, template in model.stages.items()},
        emails=tuple(model.emails),
        subscribers=model.subscribers,
        second_person=model.approval == "second_person",
        reply_to=model.reply_to,
    )


def _trigger(key: str, model: models.Trigger) -> domain.Trigger:
    name = model.name or key.replace("_", " ")
    return domain.Trigger(key, model.when, _rung(model), name, model.over, tuple(model.severities))


def _rule(key: str, model: models.Rule) -> domain.Rule:
    conditions = tuple(_condition(text) for text in model.when)
    return domain.Rule(
        key, model.severity, model.name, conditions, model.category, tuple(model.actions), model.escalate
    )


def _field(key: str, model: models.CustomField) -> domain.CustomField:
    return domain.CustomField(
        key, model.label, model.kind, tuple(model.options), model.required, model.hint, tuple(model.severities)
    )


def _nudges(model: models.Nudges) -> domain.NudgeRules:
    return domain.NudgeRules(
        busy=model.busy,
        busy_within=clock_duration(model.busy_within),
        roles_after=_duration(model.roles_after),
        roles_every=_duration(model.roles_every),
        handover_within=clock_duration(model.handover_within),
    )


def _playbooks(model: models.Playbooks) -> domain.PlaybookRules:
    return domain.PlaybookRules(
        approvers=tuple(model.approvers),
        approval_expires=clock_duration(model.approval_expires),
        break_glass=model.break_glass,
        review_every=_duration(model.review_every),
        skipped=model.skipped,
    )


def _automation(model: models.Automation) -> rules.AutomationRules:
    runners = model.runners
    return rules.AutomationRules(
        enabled=model.enabled,
        process=_process(runners.process) if runners.process else None,
        http=_http(runners.http) if runners.http else None,
        promql=rules.PromqlRules(parse_duration(runners.promql.timeout)) if runners.promql else None,
        wait=rules.WaitRules(parse_duration(runners.wait.longest)) if runners.wait else None,
        matrix=tuple(_matrix_row(key, row) for key, row in model.matrix.items()),
        thresholds=dict(model.thresholds),
        severities=tuple(model.severities),
        otherwise=model.otherwise,
        on_failure=model.on_failure,
    )


def _alerts(model: models.Alerts) -> alert_rules.AlertRules:
    severity = {value.lower(): key for value, key in model.severity.map.items()}
    return alert_rules.AlertRules(
        group_by=tuple(model.group_by),
        wait=clock_duration(model.wait),
        flap_window=clock_duration(model.flap_window),
        join_within=clock_duration(model.join_within),
        stale_after=clock_duration(model.stale_after),
        severity=alert_rules.SeverityLabel(model.severity.label, severity, model.severity.otherwise),
        service=alert_rules.ServiceLabel(model.service.label, tuple(model.service.also)),
        at_most=alert_rules.StormGuard(model.at_most.incidents, clock_duration(model.at_most.within)),
        routes=tuple(_route(route) for route in model.routes),
        inhibit=tuple(
            alert_rules.Inhibition(dict(inhibition.source), dict(inhibition.target), tuple(inhibition.equal))
            for inhibition in model.inhibit
        ),
    )


def _route(model: models.AlertRoute) -> alert_rules.AlertRoute:
    action = alert_rules.AlertAction(model.do)
    return alert_rules.AlertRoute(
        route_name(model),
        action,
        dict(model.match),
        model.channel,
        model.goes_on,
        at_least=model.at_least,
        within=clock_duration(model.within),
        resolve=alert_rules.OnResolved(model.resolve),
        every=clock_duration(model.every),
        nodata_milder=model.nodata == "milder",
        escalate=tuple(
            EscalationRung(clock_duration(rung.after), tuple(rung.notify), tuple(rung.by), _duration(rung.repeat))
            for rung in model.escalate
        ),
    )


def route_name(model: models.AlertRoute) -> str:
    """The name of a route: its own, or what it matches."""
    unnamed = alert_rules.AlertRoute("", alert_rules.AlertAction(model.do), model.match)
    return model.name or in_words(unnamed)


def _process(model: models.ProcessRunner) -> rules.ProcessRules:
    return rules.ProcessRules(tuple(_executable(allowed) for allowed in model.allow), model.concurrency)


def _executable(model: models.Executable) -> rules.Executable:
    return rules.Executable(
        path=model.executable,
        arguments=tuple(tuple(form) for form in model.arguments),
        working_directory=model.working_directory,
        environment=dict(model.environment),
        environment_from=tuple(model.environment_from),
        search_path=model.path,
        home=model.home,
        user=model.user,
        timeout=parse_duration(model.timeout),
        output_limit=model.output_limit,
        memory=model.memory,
        processes=model.processes,
    )


def _http(model: models.HttpRunner) -> rules.HttpRules:
    hosts = tuple(
        rules.Host(
            host=allowed.host,
            methods=tuple(allowed.methods),
            paths=tuple(allowed.paths),
            headers=dict(allowed.headers),
            addresses=tuple(allowed.addresses),
            plain=allowed.plain,
            ports=tuple(allowed.ports),
        )
        for allowed in model.allow
    )
    return rules.HttpRules(hosts, parse_duration(model.timeout), model.output_limit, model.concurrency)


def _matrix_row(key: str, model: models.MatrixRow) -> rules.MatrixRow:
    return rules.MatrixRow(
        key=key,
        decision=model.decision,
        name=model.name or key.replace("_", " ").capitalize(),
        playbooks=tuple(model.playbooks),
        categories=tuple(model.categories),
        actions=tuple(model.actions),
        confidence=model.confidence,
        radius=tuple(_condition(text) for text in model.blast_radius),
    )


def _condition(text: str) -> domain.Condition:
    match = CONDITION.match(text)
    if match is None:
        raise TypeError(f"{text} has passed validation as a condition")
    return domain.Condition(match[1], match[2] or "", float(match[3] or 0))


def _allow_list(model: models.Document, targets: list[Target]) -> domain.AllowList:
    names: dict[TargetKind, list[str]] = {TargetKind.USER: [], TargetKind.GROUP: [], TargetKind.ROLE: []}
    for target in targets:
        if target.kind is TargetKind.CONTACT:
            names[TargetKind.USER].append(model.contacts[target.name].slack or "")
        else:
            names[target.kind].append(target.name)
    users, groups, roles = (tuple(names[kind]) for kind in (TargetKind.USER, TargetKind.GROUP, TargetKind.ROLE))
    return domain.AllowList(users, groups, roles)


def _span(text: str | None) -> Span | None:
    return None if text is None else parse_span(text)


def _duration(text: str | None) -> timedelta | None:
    return None if text is None else clock_duration(text)


def clock_duration(text: str) -> timedelta:
    """Parse a duration that is not in business days."""
    span = parse_span(text)
    if isinstance(span, BusinessDays):
        raise TypeError(f"{text} has passed validation as a duration of the clock")
    return span
