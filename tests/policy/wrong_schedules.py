"""Wrong schedules, each with the whole message for it, as in `wrong_policies`."""

from __future__ import annotations

# What is wrong, the file, the message.
WRONG_SCHEDULES = [
    (
        "a rotation of a length that there is not",
        """\
contacts:
  anna: {slack: U0ANNA}
  ben: {slack: U0BEN}
schedules:
  primary: {members: [anna], rotation: fortnightly}
""",
        "policy.yml:5: schedules.primary.rotation must be hourly, daily, weekly, monthly, or longer, such as "
        "{every: 2, unit: week}, not “fortnightly”.",
    ),
    (
        "a rotation of no unit",
        """\
contacts:
  anna: {slack: U0ANNA}
  ben: {slack: U0BEN}
schedules:
  primary: {members: [anna], rotation: {every: 2, unit: weeks}}
""",
        "policy.yml:5: schedules.primary.rotation must have a number and one unit of hour, day, week, month: "
        "write {every: 2, unit: week}.",
    ),
    (
        "a rotation of no number",
        """\
contacts:
  anna: {slack: U0ANNA}
  ben: {slack: U0BEN}
schedules:
  primary: {members: [anna], rotation: {every: 0, unit: week}}
""",
        "policy.yml:5: schedules.primary.rotation must be every 1 to 53 weeks, not “0”. Write {every: 2, unit: week}.",
    ),
    (
        "a rotation that is too long",
        """\
contacts:
  anna: {slack: U0ANNA}
  ben: {slack: U0BEN}
schedules:
  primary: {members: [anna], rotation: {every: 54, unit: week}}
""",
        "policy.yml:5: schedules.primary.rotation must be every 1 to 53 weeks, not “54”. Write {every: 2, unit: week}.",
    ),
    (
        "a handoff that does not fit hours",
        """\
contacts:
  anna: {slack: U0ANNA}
  ben: {slack: U0BEN}
schedules:
  primary: {members: [anna], rotation: {every: 12, unit: hour}, handoff: "mon 09:00"}
""",
        "policy.yml:5: schedules.primary.handoff is not a handoff: “mon 09:00”. An hourly handoff looks like 09:00.",
    ),
    (
        "one of several hours",
        """\
contacts:
  anna: {slack: U0ANNA}
  ben: {slack: U0BEN}
schedules:
  primary: {members: [anna], hours: ["09:00-17:00 mon-fri", "fry 17:00-mon 09:00"]}
""",
        "policy.yml:5: schedules.primary.hours are not valid hours: “fry 17:00-mon 09:00”. “fry” is not a "
        "day of the week. Write them as 09:00-17:00 mon-fri, or mon 09:00-fri 17:00.",
    ),
    (
        "hours of no length",
        """\
contacts:
  anna: {slack: U0ANNA}
  ben: {slack: U0BEN}
schedules:
  primary: {members: [anna], hours: "mon 09:00-mon 09:00"}
""",
        "policy.yml:5: schedules.primary.hours are not valid hours: “mon 09:00-mon 09:00”. They end when "
        "they begin; leave `hours` out for the whole week.",
    ),
    (
        "a layer that ends before it begins",
        """\
contacts:
  anna: {slack: U0ANNA}
  ben: {slack: U0BEN}
schedules:
  primary: {members: [anna], begins: 2026-02-01 09:00, ends: 2026-02-01}
""",
        "policy.yml:5: schedules.primary.ends is not after `begins`, 2026-02-01 09:00. Write a later day or "
        "time, or swap the two.",
    ),
    (
        "a beginning that is no time",
        """\
contacts:
  anna: {slack: U0ANNA}
  ben: {slack: U0BEN}
schedules:
  primary: {members: [anna], begins: soon}
""",
        "policy.yml:5: schedules.primary.begins must be a day or time such as 2026-01-05 or 2026-01-05 "
        "09:00, not “soon”.",
    ),
    (
        "a shift that ends before it begins",
        """\
contacts:
  anna: {slack: U0ANNA}
  ben: {slack: U0BEN}
schedules:
  release:
    shifts:
      - {member: anna, begins: 2026-02-02, ends: 2026-02-01}
""",
        "policy.yml:7: schedules.release.shifts[1].ends is not after `begins`, 2026-02-02. Write a later day "
        "or time, or swap the two.",
    ),
    (
        "a shift without an end",
        """\
contacts:
  anna: {slack: U0ANNA}
  ben: {slack: U0BEN}
schedules:
  release:
    shifts:
      - {member: anna, begins: 2026-02-02}
""",
        "policy.yml:7: schedules.release.shifts[1] needs `ends`: write `ends: 2026-01-06 09:00`.",
    ),
    (
        "a shift of a person whom there is not",
        """\
contacts:
  anna: {slack: U0ANNA}
  ben: {slack: U0BEN}
schedules:
  release:
    shifts:
      - {member: ana, begins: 2026-02-02, ends: 2026-02-03}
""",
        "policy.yml:7: schedules.release.shifts[1].member: there is no contact “ana”. Did you mean anna?",
    ),
    (
        "shifts and members",
        """\
contacts:
  anna: {slack: U0ANNA}
  ben: {slack: U0BEN}
schedules:
  release:
    members: [anna]
    shifts:
      - {member: anna, begins: 2026-02-02, ends: 2026-02-03}
""",
        "policy.yml:6: schedules.release.members conflicts with `shifts`, which name everybody and every "
        "time. Remove one of the two.",
    ),
    (
        "a layer without members",
        """\
contacts:
  anna: {slack: U0ANNA}
  ben: {slack: U0BEN}
schedules:
  primary:
    layers:
      - {hours: sat}
""",
        "policy.yml:7: schedules.primary.layers[1] has no members: write `members: [anna, ben]`.",
    ),
    (
        "two layers of one name",
        """\
contacts:
  anna: {slack: U0ANNA}
  ben: {slack: U0BEN}
schedules:
  primary:
    layers:
      - {name: Night, members: [anna]}
      - {name: night, members: [ben]}
""",
        "policy.yml:8: schedules.primary.layers[2].name: another layer is named “night” too; a cover could "
        "mean either. Give it another name.",
    ),
    (
        "a single layer together",
        """\
contacts:
  anna: {slack: U0ANNA}
  ben: {slack: U0BEN}
schedules:
  primary: {members: [anna], together: true}
""",
        "policy.yml:5: schedules.primary.together makes layers add up, and there is only one. Write several "
        "`layers`, or remove it.",
    ),
]
