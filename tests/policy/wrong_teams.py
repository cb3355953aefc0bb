"""Wrong teams and ladders, each with the whole message for it, as in `wrong_policies`."""

from __future__ import annotations

# What is wrong, the file, the message.
WRONG_TEAMS = [
    (
        "a team whom there is not, as a member",
        """\
contacts:
  anna: {slack: U0ANNA}
  ben: {slack: U0BEN}
teams:
  sre: {members: [anna]}
schedules:
  primary: {members: [sra]}
""",
        "policy.yml:7: schedules.primary.members[1]: there is no contact or team “sra”. Did you mean sre?",
    ),
    (
        "a team without people as a member",
        """\
contacts:
  anna: {slack: U0ANNA}
  ben: {slack: U0BEN}
teams:
  sre: {schedule: primary}
schedules:
  primary: {members: [anna, sre], start: 2026-01-05}
""",
        "policy.yml:7: schedules.primary.members[2]: the team sre has no members, so nobody would be on "
        "call. Write `members: [anna, ben]` in teams.sre.",
    ),
    (
        "a team without anybody",
        """\
contacts:
  anna: {slack: U0ANNA}
  ben: {slack: U0BEN}
teams:
  sre: {}
""",
        "policy.yml:5: teams.sre has nobody: write `members: [anna, ben]`, or the `schedule` of the team.",
    ),
    (
        "a team of a person whom there is not",
        """\
contacts:
  anna: {slack: U0ANNA}
  ben: {slack: U0BEN}
teams:
  sre: {members: [ana]}
""",
        "policy.yml:5: teams.sre.members[1]: there is no contact “ana”. Did you mean anna?",
    ),
    (
        "a team of a schedule that there is not",
        """\
contacts:
  anna: {slack: U0ANNA}
  ben: {slack: U0BEN}
teams:
  sre: {schedule: primary}
""",
        "policy.yml:5: teams.sre.schedule: there is no schedule “primary”. Add one under schedules, such as "
        "`primary: {members: [U0123ABCD]}`.",
    ),
    (
        "a team that is a contact too",
        """\
contacts:
  anna: {slack: U0ANNA}
  ben: {slack: U0BEN}
teams:
  anna: {members: [ben]}
""",
        "policy.yml:5: teams.anna: `anna` is a contact already; schedules could mean either. Rename the team.",
    ),
    (
        "a person named nobody",
        """\
contacts:
  nobody: {slack: U0ANNA}
""",
        "policy.yml:2: contacts.nobody: `nobody` is a gap in a schedule, not a person. Give the contact another key.",
    ),
    (
        "a ladder that there is not",
        """\
contacts:
  anna: {slack: U0ANNA}
  ben: {slack: U0BEN}
ladders:
  payments: [{after: 0m, notify: ["contact:anna"]}]
severities:
  sev1: {ladder: paymnts}
services:
  shop: {ladder: goods}
""",
        "policy.yml:7: severities.sev1.ladder: there is no ladder “paymnts”. Did you mean payments?\n"
        "policy.yml:9: services.shop.ladder: there is no ladder “goods”. Add one under ladders, such as "
        '`goods: [{after: 0m, notify: ["schedule:primary"]}]`.',
    ),
    (
        "a rung of a named ladder",
        """\
contacts:
  anna: {slack: U0ANNA}
  ben: {slack: U0BEN}
ladders:
  payments:
    - {after: 0m, notfy: ["contact:anna"]}
""",
        'policy.yml:6: ladders.payments[1] needs a notify: write `notify: ["schedule:primary"]`.\n'
        "policy.yml:6: ladders.payments[1].notfy is not a setting here. Did you mean notify?",
    ),
    (
        "a rung of a repeated ladder",
        """\
contacts:
  anna: {slack: U0ANNA}
  ben: {slack: U0BEN}
ladders:
  payments:
    rungs:
      - {after: soon, notify: ["contact:anna"]}
    repeat: {times: 50, after: 5m}
""",
        "policy.yml:7: ladders.payments.rungs[1].after is not a duration: “soon”. Write 10s, 15m, 2h, 1d or "
        "1bd (a business day).\n"
        "policy.yml:8: ladders.payments.repeat.times must be 20 or less, not 50.",
    ),
    (
        "a ladder without rungs",
        """\
contacts:
  anna: {slack: U0ANNA}
  ben: {slack: U0BEN}
ladders:
  payments: {repeat: {times: 2, after: 5m}}
  goods: []
  orders: 5
""",
        "policy.yml:5: ladders.payments is new, and needs rungs: write `rungs: [{after: 0m, notify: "
        '["schedule:primary"]}]`.\n'
        "policy.yml:6: ladders.goods has no rungs. Write them as [{after: 0m, notify: "
        '["schedule:primary"]}].\n'
        "policy.yml:7: ladders.orders must be a list of rungs, not “5”. Write them as [{after: 0m, notify: "
        '["schedule:primary"]}].',
    ),
    (
        "a team on a rung whom there is not",
        """\
contacts:
  anna: {slack: U0ANNA}
  ben: {slack: U0BEN}
teams:
  sre: {members: [anna]}
ladders:
  payments: [{after: 0m, notify: ["team:sra", "team:goods"]}]
""",
        "policy.yml:7: ladders.payments[1].notify[1]: there is no team “sra”. Did you mean sre?\n"
        "policy.yml:7: ladders.payments[1].notify[2]: there is no team “goods”. Add one under teams, such as "
        "`goods: {members: [U0123ABCD]}`.",
    ),
    (
        "rungs out of order on a named ladder",
        """\
contacts:
  anna: {slack: U0ANNA}
  ben: {slack: U0BEN}
ladders:
  payments:
    rungs: [{after: 10m, notify: ["contact:anna"]}, {after: 5m, notify: ["contact:ben"]}]
""",
        "policy.yml:6: ladders.payments.rungs[2].after is 5m, earlier than the rung before it (10m). Put "
        "them in order.",
    ),
    (
        "own methods out of order",
        """\
contacts:
  anna: {slack: U0ANNA, methods: [{slack, after: 5m}, {email, after: 2m}]}
  ben: {slack: U0BEN}
""",
        "policy.yml:2: contacts.anna.methods[2]: email needs an email. Give contacts.anna one, or remove the "
        "method.\n"
        "policy.yml:2: contacts.anna.methods[2].after is 2m, earlier than the method before it (5m). Put "
        "them in order.",
    ),
    (
        "an own method without a name",
        """\
contacts:
  anna: {slack: U0ANNA, methods: [{after: 5m}, {slck, after: 2m}]}
  ben: {slack: U0BEN}
""",
        "policy.yml:2: contacts.anna.methods[1] must name one method: write {sms, after: 2m}.\n"
        "policy.yml:2: contacts.anna.methods[2].by is not a method to reach people: “slck”. Did you mean "
        "slack?",
    ),
    (
        "an own method at a severity that there is not",
        """\
contacts:
  anna: {slack: U0ANNA, methods: [{by: slack, severities: [sev9]}]}
  ben: {slack: U0BEN}
""",
        "policy.yml:2: contacts.anna.methods[1].severities[1]: there is no severity “sev9”. Did you mean "
        "sev5? There are: sev1, sev2, sev3, sev4, sev5.",
    ),
    (
        "a push of the machine itself",
        """\
contacts:
  anna: {slack: U0ANNA, push: "syslog://"}
  ben: {slack: U0BEN}
""",
        "policy.yml:2: contacts.anna.push cannot be syslog://, which acts on the machine itself. Name a "
        "service, such as ntfys://.",
    ),
    (
        "a push that is no address",
        """\
contacts:
  anna: {slack: U0ANNA, push: ntfy}
  ben: {slack: U0BEN}
""",
        "policy.yml:2: contacts.anna.push must be an address of apprise such as "
        '"ntfys://ntfy.example.com/anna", or env:NAME.',
    ),
]
