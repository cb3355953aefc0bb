"""Wrong policies, each with the whole message for it, which is enough to fix the file without the manual."""

from __future__ import annotations

# What is wrong, the file, the message.
WRONG = [
    (
        "a typo in a setting",
        """\
severities:
  sev1:
    update_evry: 15m
""",
        "policy.yml:3: severities.sev1.update_evry is not a setting here. Did you mean update_every?",
    ),
    (
        "an unknown severity",
        """\
contacts:
  anna: {slack: U0ANNA}
triggers:
  breach:
    when: security
    severities: [sev7]
    notify: ["contact:anna"]
""",
        "policy.yml:6: triggers.breach.severities[1]: there is no severity “sev7”. Did you mean sev5? There "
        "are: sev1, sev2, sev3, sev4, sev5.",
    ),
    (
        "a circle of backups",
        """\
roles:
  commander: {backup: technical_lead}
  technical_lead: {backup: scribe}
  scribe: {backup: commander}
""",
        "policy.yml:2: roles.commander.backup: commander → technical_lead → scribe → commander is a circle. "
        "Name a contact as the backup of one of them, or none.",
    ),
    (
        "shadow mode beside an unknown service",
        """\
shadow:
  source: victorops
""",
        "policy.yml:2: shadow.source must be one of opsgenie, pagerduty, not “victorops”.",
    ),
    (
        "shadow mode for too long",
        """\
announce: "#incidents"
shadow: {source: opsgenie, days: 400}
""",
        "policy.yml:2: shadow.days must be 90 or less, not 400.",
    ),
    (
        "shadow mode without a channel",
        """\
announce: null
shadow: {source: opsgenie}
""",
        'policy.yml:2: shadow: its reports have no channel. Set `announce`, such as announce: "#incidents".',
    ),
    (
        "a bad duration",
        """\
severities:
  sev2:
    respond_within: soon
""",
        "policy.yml:3: severities.sev2.respond_within is not a duration: “soon”. Write 10s, 15m, 2h, 1d or "
        "1bd (a business day).",
    ),
    (
        "a key twice",
        """\
severities:
  sev1:
    respond_within: 5m
  sev1:
    update_every: 15m
""",
        "policy.yml:4: severities.sev1 appears twice: first on line 2. Keep one of them.",
    ),
    (
        "a text where a list belongs",
        """\
severities:
  sev1:
    roles: commander
""",
        "policy.yml:3: severities.sev1.roles must be a list, not “commander”. Write [commander].",
    ),
    (
        "a missing schedule",
        """\
severities:
  sev1:
    ladder:
      - {after: 0m, notify: ["schedule:primary"]}
""",
        "policy.yml:4: severities.sev1.ladder[1].notify[1]: there is no schedule “primary”. Add one under "
        "schedules, such as `primary: {members: [U0123ABCD]}`.",
    ),
    (
        "a person who cannot be reached",
        """\
contacts:
  cto: {name: Ada, slack: ada@example.com}
severities:
  sev1:
    ladder:
      - {after: 0m, notify: ["contact:cto"], by: [sms]}
""",
        "policy.yml:6: severities.sev1.ladder[1].notify[1]: cto cannot be reached by sms. Give contacts.cto a "
        "phone, or add another method to `by`.",
    ),
    (
        "a tab",
        """\
severities:
  sev1:
	update_every: 15m
""",
        "policy.yml:3: This is not YAML: found character '\\t' that cannot start any token. Indent with "
        "spaces, not with tabs. Line 3 reads: update_every: 15m",
    ),
    (
        "an open quote",
        """\
announce: "#incidents
timezone: UTC
""",
        "policy.yml:1: This is not YAML: found unexpected end of stream. A quote is opened and never closed. "
        'Line 1 reads: announce: "#incidents',
    ),
    (
        "two colons",
        """\
severities:
  sev1: respond_within: 5m
""",
        "policy.yml:2: This is not YAML: mapping values are not allowed here. Put text that contains “: ” in "
        "quotes, or fix the indentation of this line. Line 2 reads: sev1: respond_within: 5m",
    ),
    (
        "a bad handoff",
        """\
schedules:
  primary:
    members: [U0ANNA, U0BEN]
    rotation: weekly
    handoff: "monday at nine"
""",
        "policy.yml:2: schedules.primary needs the day on which the first shift begins: write `start: "
        "2026-01-05`.\n"
        "policy.yml:5: schedules.primary.handoff is not a handoff: “monday at nine”. A weekly handoff looks "
        "like mon 09:00.",
    ),
    (
        "an unknown member",
        """\
schedules:
  primary: {members: [ana], handoff: "mon 09:00"}
contacts:
  anna: {slack: U0ANNA}
""",
        "policy.yml:2: schedules.primary.members[1]: there is no contact “ana”. Did you mean anna?",
    ),
    (
        "an unknown preset",
        "preset: sev1-4\n",
        "policy.yml:1: preset: there is no preset “sev1-4”. Did you mean sev1-5?",
    ),
    (
        "an unknown placeholder",
        'channel_name: "inc-{id}-{slug}"\n',
        "policy.yml:1: channel_name has an unknown placeholder: {id}. Placeholders are {number}, {slug}, "
        "{severity}, {date}.",
    ),
    (
        "an unknown time zone",
        "timezone: Europe/Berln\n",
        "policy.yml:1: timezone is not a time zone: “Europe/Berln”. Did you mean Europe/Berlin?",
    ),
    (
        "a bridge without https",
        """\
bookmarks:
  bridge: http://meet.example.com/{id}
""",
        "policy.yml:2: bookmarks.bridge must be an address that begins with https://, or huddle, not "
        "“http://meet.example.com/{id}”.",
    ),
    (
        "a choice of nothing",
        """\
fields:
  region: {label: Region, kind: select}
""",
        "policy.yml:2: fields.region needs options to choose from: write `options: [yes, no]`.",
    ),
    (
        "two sources of one schedule",
        """\
schedules:
  primary: {pagerduty: P123ABC, members: [U0ANNA]}
""",
        "policy.yml:2: schedules.primary.members conflicts with `pagerduty`, which says who is on call. "
        "Remove members, or `pagerduty`.",
    ),
    (
        "options where there is nothing to choose",
        """\
fields:
  tickets: {label: Tickets, kind: number, options: [1, 2]}
""",
        "policy.yml:2: fields.tickets.options: a number field has no options. Write `kind: select`, or remove them.",
    ),
    (
        "a question of an unknown severity",
        """\
fields:
  region:
    label: Region
    severities: [sev9]
""",
        "policy.yml:4: fields.region.severities[1]: there is no severity “sev9”. Did you mean sev5? There are: sev1, "
        "sev2, sev3, sev4, sev5.",
    ),
    (
        "typos in a ladder",
        """\
severities:
  sev1:
    ladder:
      - {after: 10m, notify: ["user:U0123"], by: [slack, pagrduty]}
      - {after: 5m, notify: ["user:U0124"], untill: resolved}
""",
        "policy.yml:4: severities.sev1.ladder[1].by[2] is not a method to reach people: “pagrduty”. Did you "
        "mean pagerduty?\n"
        "policy.yml:5: severities.sev1.ladder[2].untill is not a setting here. Did you mean until?",
    ),
    (
        "a list of severities",
        "severities: [sev1, sev2]\n",
        "policy.yml:1: severities must be a mapping, not a list. Write each entry on a line of its own "
        "below, as `name: {…}`.",
    ),
    (
        "a severity in capitals",
        """\
severities:
  SEV1: {respond_within: 5m}
""",
        "policy.yml:2: severities.SEV1 is new, and needs a name: write `name: Sev1`. Did you mean sev1?",
    ),
    (
        "a channel lost to a comment",
        "announce: #incidents\n",
        'policy.yml:1: announce is empty, since # begins a comment in YAML. Write it in quotes: "#incidents"',
    ),
    (
        "numbers without a unit",
        """\
severities:
  sev1:
    update_every: 15
    respond_within: 10:30
""",
        "policy.yml:3: severities.sev1.update_every must be a duration with its unit: 15m for minutes, or "
        "15s, 15h, 15d.\n"
        "policy.yml:4: severities.sev1.respond_within is not a duration: “10:30”. Write 10h30m or 10m30s.",
    ),
    (
        "rungs out of order",
        """\
severities:
  sev1:
    ladder:
      - {after: 15m, notify: ["user:U0123"]}
      - {after: 5m, notify: ["user:U0124"]}
""",
        "policy.yml:5: severities.sev1.ladder[2].after is 5m, earlier than the rung before it (15m). Put them "
        "in order.",
    ),
    (
        "a contact nobody can reach",
        """\
contacts:
  anna: {name: Anna}
""",
        "policy.yml:2: contacts.anna: this contact cannot be reached. Add one of slack, email, phone, push or "
        "pagerduty.",
    ),
    (
        "a door with a typo",
        """\
automation:
  enabeld: true
  runners:
    proces: {}
""",
        "policy.yml:2: automation.enabeld is not a setting here. Did you mean enabled?\n"
        "policy.yml:4: automation.runners.proces is not a setting here. Did you mean process?",
    ),
    (
        "a program without its path",
        """\
automation:
  runners:
    process:
      allow:
        - {executable: kubectl, arguments: [get, "(pods"], enviroment: {A: b}}
""",
        "policy.yml:5: automation.runners.process.allow[1].executable must be an absolute path such as "
        "/usr/bin/kubectl, not “kubectl”.\n"
        "policy.yml:5: automation.runners.process.allow[1].arguments[1][2] is not a usable pattern: “(pods”. "
        "Missing ): (pods.\n"
        "policy.yml:5: automation.runners.process.allow[1].enviroment is not a setting here. Did you mean "
        "environment?",
    ),
    (
        "a pattern that looks ahead",
        """\
automation:
  runners:
    process:
      allow:
        - {executable: /usr/bin/kubectl, arguments: [get, "(?!kube-system).*"]}
    http:
      allow: [{host: api.example.com, paths: ["/(a)/\\\\1"]}]
""",
        "policy.yml:5: automation.runners.process.allow[1].arguments[1][2] is not a usable pattern: "
        "“(?!kube-system).*”. Invalid perl operator: (?!. Lookarounds such as (?=…) and references such "
        "as \\1 are not supported.\n"
        "policy.yml:7: automation.runners.http.allow[1].paths[1] is not a usable pattern: “/(a)/\\1”. Invalid "
        "escape sequence: \\1. Lookarounds such as (?=…) and references such as \\1 are not supported.",
    ),
    (
        "a program with any arguments",
        """\
automation:
  runners:
    process:
      allow:
        - {executable: /usr/bin/kubectl}
  severities: [sev9]
  matrix:
    down: {decision: auto, categories: [avilability]}
""",
        "policy.yml:5: automation.runners.process.allow[1] needs the arguments it may be given, one pattern "
        "each: write `arguments: [get, pods]`, or [[]] for none.\n"
        "policy.yml:6: automation.severities[1]: there is no severity “sev9”. Did you mean sev5? There are: "
        "sev1, sev2, sev3, sev4, sev5.\n"
        "policy.yml:8: automation.matrix.down.categories[1]: there is no category “avilability”. Did you "
        "mean availability? There are: availability, performance, data_integrity, security, capacity, "
        "dependency, configuration, model.",
    ),
    (
        "a host that is an address",
        """\
automation:
  runners:
    http:
      allow:
        - {host: "https://api.example.com", methods: [FETCH]}
      output_limit: 64
  matrix:
    down: {decision: automatic, confidence: 95}
""",
        "policy.yml:5: automation.runners.http.allow[1].host must be the name of one host such as api.example.com, not "
        "“https://api.example.com”.\n"
        "policy.yml:5: automation.runners.http.allow[1].methods[1] must be one of GET, HEAD, POST, PUT, PATCH, DELETE, "
        "not “FETCH”. Did you mean PATCH?\n"
        "policy.yml:6: automation.runners.http.output_limit must be a size such as 64k or 2M, not “64”.\n"
        "policy.yml:8: automation.matrix.down.confidence must be 1 or less, not 95.\n"
        "policy.yml:8: automation.matrix.down.decision must be one of auto, approve, manual, not “automatic”. Did you "
        "mean auto?",
    ),
    (
        "hours without minutes",
        """\
schedules:
  primary: {members: [U0ANNA], hours: 9-17}
""",
        "policy.yml:2: schedules.primary.hours are not valid hours: “9-17”. “9-17” is not a day of the week. "
        "Write them as 09:00-17:00 mon-fri, or mon 09:00-fri 17:00.",
    ),
]
