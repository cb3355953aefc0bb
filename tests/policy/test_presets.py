"""Every figure of the five documents, each with the place it comes from, against the presets as `--json` shows them.

Written from the documents, not from the presets. 000–004 are the documents; a time is in seconds.
"""

from __future__ import annotations

from typing import Any

import pytest

from bot import policy

MINUTE, HOUR, DAY = 60, 3600, 86400

# preset, setting, where it stands, and what it is for each severity, worst first.
BY_SEVERITY: list[tuple[str, str, str, list[Any]]] = [
    ("sev1-5", "name", "001 §1.1 name", ["Critical", "Major", "Minor", "Low", "Informational"]),
    ("sev1-5", "respond_within", "001 §1.1 response_time_minutes",
     [5 * MINUTE, 15 * MINUTE, 30 * MINUTE, 60 * MINUTE, 480 * MINUTE]),
    ("sev1-5", "update_every", "001 §1.1 update_frequency_minutes",
     [15 * MINUTE, 30 * MINUTE, 60 * MINUTE, 120 * MINUTE, 1440 * MINUTE]),
    ("sev1-5", "escalate_after", "001 §1.1 escalation_threshold_minutes",
     [30 * MINUTE, 60 * MINUTE, 120 * MINUTE, 240 * MINUTE, 2880 * MINUTE]),
    ("sev1-5", "resolve_within", "001 is silent", [None] * 5),
    ("sev1-5", "review_within", "001 is silent", [None] * 5),
    ("sev1-5", "notify_executives", "001 §1.1 requires_executive_notification", [True, True, False, False, False]),
    ("sev1-5", "roles", "001 §3.1 required_for_severity, without expert and responder", [
        ["commander", "technical_lead", "communications_lead", "scribe"],
        ["commander", "technical_lead", "communications_lead", "scribe"],
        ["technical_lead"], [], [],
    ]),
    ("sev1-5", "rungs", "001 §3.1 get_escalation_chain, delays by §1.1", [
        [(0, ["schedule:primary"]), (30 * MINUTE, ["schedule:secondary"]), (60 * MINUTE, ["schedule:manager"])],
        [(0, ["schedule:primary"]), (60 * MINUTE, ["schedule:secondary"])],
        [(0, ["schedule:primary"])], [(0, ["schedule:primary"])], [(0, ["schedule:primary"])],
    ]),
    ("severity-1-4", "name", "000 §1 name", ["Critical", "High", "Medium", "Low"]),
    ("severity-1-4", "respond_within", "000 §1 response_time", [15 * MINUTE, 30 * MINUTE, 2 * HOUR, "1bd"]),
    ("severity-1-4", "update_every", "000 §2 API service outage (severity 1); silent on the others",
     [15 * MINUTE, None, None, None]),
    ("severity-1-4", "escalate_after", "000 §1 escalation_time", [30 * MINUTE, 2 * HOUR, 8 * HOUR, None]),
    ("severity-1-4", "resolve_within", "000 is silent", [None] * 4),
    ("severity-1-4", "review_within", "000 is silent", [None] * 4),
    ("severity-1-4", "notify_executives", "000 §1 communication_channels", [True, False, False, False]),
    ("severity-1-4", "roles", "000 is silent", [[]] * 4),
    ("severity-1-4", "stakeholders", "000 §1 stakeholders", [
        ["On-call engineer", "Engineering manager", "CTO", "CEO"], ["On-call engineer", "Team lead"],
        ["On-call engineer"], ["Development team"],
    ]),
    ("severity-1-4", "channels", "000 §1 communication_channels", [
        ["PagerDuty", "Slack #incidents", "Email to executives"], ["Slack #incidents", "Internal e-mail"],
        ["Slack #tech-team"], ["JIRA tickets"],
    ]),
    ("severity-1-4", "rungs", "000 §3 escalation_matrix", [
        [(15 * MINUTE, ["schedule:primary"]),
         (30 * MINUTE, ["role:engineering_manager", "role:senior_engineer"]),
         (60 * MINUTE, ["role:cto", "role:vp_engineering"]),
         (120 * MINUTE, ["role:ceo", "role:board_members"])],
        [(30 * MINUTE, ["schedule:primary"]), (120 * MINUTE, ["role:team_lead", "role:senior_engineer"]),
         (240 * MINUTE, ["role:engineering_manager"])],
        [(120 * MINUTE, ["schedule:primary"]), (480 * MINUTE, ["role:team_lead"])],
        [],
    ]),
    ("severity-1-4", "until", "000 §3 check_escalation_needed",
     [["resolved"] * 4, ["resolved"] * 3, ["resolved"] * 2, []]),
    ("severity-1-4", "war_room", "000 §2 API service outage, step 8", [True, False, False, False]),
    ("severity-1-4", "ticket", "000 §1 communication_channels", [False, False, False, True]),
    ("p0-p3", "name", "002 severity levels", ["Critical", "High", "Medium", "Low"]),
    ("p0-p3", "respond_within", "002 severity levels", [15 * MINUTE, HOUR, 4 * HOUR, "1bd"]),
    ("p0-p3", "update_every", "002 §5: 15 to 30 minutes, in the war room", [15 * MINUTE, 30 * MINUTE, None, None]),
    ("p0-p3", "escalate_after", "002 is silent", [None] * 4),
    ("p0-p3", "resolve_within", "002 is silent", [None] * 4),
    ("p0-p3", "review_within", "002 §7", [48 * HOUR] * 4),
    ("p0-p3", "roles", "002 §5, §7", [["commander"], ["commander"], [], []]),
    ("p0-p3", "rungs", "002 §1–§3, §5, on-call rotation", [
        [(0, ["schedule:primary"]), (5 * MINUTE, ["schedule:secondary", "role:engineering_manager"]),
         (30 * MINUTE, ["role:cto"])],
        [(0, ["schedule:primary"]), (5 * MINUTE, ["schedule:secondary", "role:engineering_manager"])],
        [(0, ["schedule:primary"])], [(0, ["schedule:primary"])],
    ]),
    ("p0-p3", "war_room", "002 §2 step 5", [True, True, False, False]),
    ("p0-p4", "name", "003 severity levels",
     ["Complete outage", "Major degradation", "Minor degradation", "Low impact", "Informational"]),
    ("p0-p4", "respond_within", "003 update frequency, initial response",
     [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, None]),
    ("p0-p4", "update_every", "003 update frequency", [15 * MINUTE, 30 * MINUTE, HOUR, DAY, None]),
    ("p0-p4", "escalate_after", "003 escalates by its path", [None] * 5),
    ("p0-p4", "resolve_within", "003 severity levels, target MTTR",
     [5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR, None]),
    ("p0-p4", "review_within", "003 is silent", [None] * 5),
    ("p0-p4", "roles", "003 initial notification (P0/P1)",
     [["commander", "technical_lead"], ["commander", "technical_lead"], [], [], []]),
    ("p0-p4", "notify_executives", "003 update frequency, audience", [True, True, False, False, False]),
    ("p0-p4", "audiences", "003 update frequency, audience",
     [["all_stakeholders"], ["engineering", "leadership"], ["engineering"], ["team_lead"], []]),
    ("p0-p4", "rungs", "003 escalation path", [
        [(0, ["schedule:primary"]), (5 * MINUTE, ["schedule:secondary"]), (10 * MINUTE, ["schedule:manager"]),
         (15 * MINUTE, ["role:vp_engineering"]), (30 * MINUTE, ["role:ceo", "role:cto"])],
        [(0, ["schedule:primary"]), (5 * MINUTE, ["schedule:secondary"]), (10 * MINUTE, ["schedule:manager"]),
         (15 * MINUTE, ["role:vp_engineering"])],
        [(0, ["schedule:primary"]), (5 * MINUTE, ["schedule:secondary"]), (10 * MINUTE, ["schedule:manager"])],
        [(0, ["schedule:primary"])], [],
    ]),
    ("p0-p4", "until", "003 escalation path: until it is resolved",
     [["resolved"] * 5, ["resolved"] * 4, ["resolved"] * 3, ["resolved"], []]),
    ("p0-p4", "war_room", "003 communication channels", [True, False, False, False, False]),
    ("level-1-4", "name", "004 severity levels", ["Critical", "High", "Medium", "Low"]),
    ("level-1-4", "respond_within", "004 severity levels", [2 * MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR]),
    ("level-1-4", "update_every", "004 severity levels, communication", [10 * MINUTE, 15 * MINUTE, HOUR, DAY]),
    ("level-1-4", "escalate_after", "004 is silent", [None] * 4),
    ("level-1-4", "resolve_within", "004 is silent", [None] * 4),
    ("level-1-4", "review_within", "004 post-incident review", [DAY, 2 * DAY, None, None]),
    ("level-1-4", "roles", "004 severity levels (action), step 3", [
        ["commander", "technical_lead", "dba", "devops", "product_manager", "communications_lead"],
        ["commander", "technical_lead"], [], [],
    ]),
    ("level-1-4", "notify_executives", "004 severity levels, escalation", [True, False, False, False]),
    ("level-1-4", "stakeholders", "004 severity levels, escalation",
     [["CEO", "CTO", "VP Engineering"], ["VP Engineering", "Product manager"], ["Engineering lead"], []]),
    ("level-1-4", "rungs", "004 escalation chain, delays by response time", [
        [(0, ["schedule:primary"]), (2 * MINUTE, ["role:engineering_lead"]), (4 * MINUTE, ["role:vp_engineering"]),
         (6 * MINUTE, ["role:cto", "role:ceo"])],
        [(0, ["schedule:primary"]), (5 * MINUTE, ["role:engineering_lead"]),
         (10 * MINUTE, ["role:vp_engineering", "role:product_manager"])],
        [(0, ["schedule:primary"]), (15 * MINUTE, ["role:engineering_lead"])],
        [],
    ]),
    ("level-1-4", "war_room", "004 war room setup", [True, True, False, False]),
    ("level-1-4", "ticket", "004 step 3", [False, False, True, True]),
]  # fmt: skip

KEYS = {
    "sev1-5": ["sev1", "sev2", "sev3", "sev4", "sev5"],
    "severity-1-4": ["severity_1", "severity_2", "severity_3", "severity_4"],
    "p0-p3": ["p0", "p1", "p2", "p3"],
    "p0-p4": ["p0", "p1", "p2", "p3", "p4"],
    "level-1-4": ["level_1", "level_2", "level_3", "level_4"],
}

FIGURES = [
    (preset, key, setting, value, source)
    for preset, setting, source, values in BY_SEVERITY
    for key, value in zip(KEYS[preset], values, strict=True)
]

# role, how many duties, required for: 001 §3.1.
ROLES_001 = [
    ("commander", 8, ["sev1", "sev2"]),
    ("technical_lead", 7, ["sev1", "sev2", "sev3"]),
    ("communications_lead", 6, ["sev1", "sev2"]),
    ("scribe", 6, ["sev1", "sev2"]),
    ("expert", 5, ["sev1", "sev2", "sev3"]),
    ("responder", 5, ["sev1", "sev2", "sev3", "sev4"]),
]

# 003 escalation triggers: when, over, after, severities, notify.
TRIGGERS_003 = [
    ("auto_remediation_failed", None, 2 * MINUTE, [], ["schedule:secondary"]),
    ("target_exceeded", None, 5 * MINUTE, ["p0"], ["role:engineering_manager"]),
    ("services_affected", 1, 5 * MINUTE, [], ["role:service_owner"]),
    ("revenue_impact", 10000, 10 * MINUTE, [], ["role:vp_engineering"]),
    ("public_relations", None, 15 * MINUTE, [], ["role:ceo", "role:public_relations"]),
    ("data_loss", None, 0, [], ["role:dba", "role:ciso"]),
    ("security", None, 0, [], ["schedule:security"]),
]


def preset_json(preset: str) -> dict[str, Any]:
    return policy.as_json(policy.preset(preset))


@pytest.mark.parametrize(
    ("preset", "key", "setting", "value", "source"), FIGURES, ids=[f"{p}-{k}-{s}" for p, k, s, *_ in FIGURES]
)
def test_a_preset_has_its_documents_figure(preset: str, key: str, setting: str, value: Any, source: str) -> None:
    severity = preset_json(preset)["severities"][key]
    if setting == "rungs":
        assert [(rung["after"], rung["notify"]) for rung in severity["ladder"]] == value, source
    elif setting == "until":
        assert [rung["until"] for rung in severity["ladder"]] == value, source
    else:
        assert severity[setting] == value, source


@pytest.mark.parametrize("preset", policy.PRESETS)
def test_the_two_worst_levels_are_paged_until_somebody_answers(preset: str) -> None:
    severities = list(policy.preset(preset).severities)
    repeats = [{rung.repeat for rung in severity.ladder} for severity in severities]
    assert all(every and None not in every and len(every) == 1 for every in repeats[:2])
    assert not any(every - {None} for every in repeats[2:])


@pytest.mark.parametrize(("key", "duties", "levels"), ROLES_001)
def test_sev1_5_has_the_roles_of_001(key: str, duties: int, levels: list[str]) -> None:
    role = preset_json("sev1-5")["roles"][key]
    assert (len(role["duties"]), role["required_for"]) == (duties, levels)


@pytest.mark.parametrize(("when", "over", "after", "severities", "notify"), TRIGGERS_003)
def test_p0_p4_has_the_triggers_of_003(
    when: str, over: float | None, after: int, severities: list[str], notify: list[str]
) -> None:
    found = next(trigger for trigger in preset_json("p0-p4")["triggers"].values() if trigger["when"] == when)
    assert (found["over"], found["after"], found["severities"], found["notify"]) == (over, after, severities, notify)


def test_the_backup_of_the_commander_is_the_engineering_manager() -> None:
    assert policy.preset("sev1-5").role("commander").backup == "engineering_manager"  # 001 §3.1 backup_escalation


@pytest.mark.parametrize("preset", policy.PRESETS)
def test_severities_stand_worst_first(preset: str) -> None:
    assert list(preset_json(preset)["severities"]) == KEYS[preset]


@pytest.mark.parametrize(
    ("preset", "channel"),
    [
        ("sev1-5", "#incidents"),  # 001 §2.1
        ("severity-1-4", "#incidents"),  # 000 §1
        ("p0-p3", "#incidents-prod"),  # 002 §1
        ("p0-p4", "#incidents"),  # 003 communication channels
        ("level-1-4", "#incident-response"),  # 004 war room setup
    ],
)
def test_incidents_are_announced_where_the_document_says(preset: str, channel: str) -> None:
    assert policy.preset(preset).announce == channel


@pytest.mark.parametrize(
    ("preset", "categories"),
    [
        ("sev1-5", "availability performance data_integrity security capacity dependency configuration model"),
        ("p0-p4", "infrastructure application data security external"),
    ],
)
def test_categories_are_those_of_the_document(preset: str, categories: str) -> None:
    assert policy.preset(preset).categories == tuple(categories.split())  # 001 §1.1, 003 incident types


@pytest.mark.parametrize("preset", policy.PRESETS)
def test_every_preset_has_the_common_roles_with_their_titles(preset: str) -> None:
    titles = {role.key: role.title for role in policy.preset(preset).roles}
    assert (
        titles
        | {
            "commander": "Incident commander",
            "technical_lead": "Technical lead",
            "communications_lead": "Communications lead",
            "scribe": "Scribe",
            "expert": "Subject matter expert",
            "responder": "Responder",
        }
        == titles
    )


def test_the_table_covers_every_severity_of_every_preset() -> None:
    assert {(preset, key) for preset, key, *_ in FIGURES} == {(name, key) for name in KEYS for key in KEYS[name]}
    figures = len(FIGURES) + 2 * len(ROLES_001) + 4 * len(TRIGGERS_003)
    print(f"{figures} figures of the five documents are held by the presets")
    assert figures >= 280
