"""Finds in a text what should not become public: names, hosts, secrets, guesses, blame, and what is missing.

The rules prefer a finding too many to one too few: a person reads them beside the text and decides. Only secrets and
gaps stop a message.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address

from bot.domain.communications.gap import NOT_KNOWN, gaps_in
from bot.domain.values.masking import Masker, strip_invisible
from bot.domain.values.slack_ids import MENTION


class Leak(StrEnum):
    """A kind of finding."""

    SECRET = "secret"  # noqa: S105 - a kind, not a password
    GAP = "gap"
    UNFILLED = "unfilled"  # a gap in a message to people inside
    NAME = "name"
    HANDLE = "handle"
    HOST = "host"
    IP = "ip"
    INTERNAL_URL = "internal_url"
    TICKET = "ticket"
    STACK_TRACE = "stack_trace"
    HYPOTHESIS = "hypothesis"
    BLAME = "blame"
    CUSTOMER = "customer"
    NO_IMPACT = "no_impact"
    NO_NEXT_UPDATE = "no_next_update"


BLOCKING = frozenset({Leak.SECRET, Leak.GAP})
# What a value of the record must not contain, to stand in a public text without a person having read it.
UNSAFE = frozenset(
    {
        Leak.SECRET, Leak.NAME, Leak.HANDLE, Leak.HOST, Leak.IP, Leak.INTERNAL_URL, Leak.TICKET, Leak.STACK_TRACE,
        Leak.CUSTOMER,
    }
)  # fmt: skip
PHRASES: dict[Leak, str] = {
    Leak.SECRET: "It contains a secret",
    Leak.GAP: "Still to fill in",
    Leak.UNFILLED: f"Goes as “{NOT_KNOWN}” unless you fill it in",
    Leak.NAME: "Names a person",
    Leak.HANDLE: "Names a handle",
    Leak.HOST: "Names a host",
    Leak.IP: "Contains an IP address",
    Leak.INTERNAL_URL: "Links to an internal page",
    Leak.TICKET: "Names an internal ticket",
    Leak.STACK_TRACE: "Contains a stack trace or an error of the code",
    Leak.HYPOTHESIS: "Guesses",
    Leak.BLAME: "Blames",
    Leak.CUSTOMER: "Names a customer",
    Leak.NO_IMPACT: "Does not say what customers notice",
    Leak.NO_NEXT_UPDATE: "Does not say when the next update comes",
}
_MASKER = Masker()


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. `quote` is the part of the text; empty for a secret."""

    leak: Leak
    quote: str = ""

    @property
    def blocks(self) -> bool:
        """Whether the message cannot be sent to the public."""
        return self.leak in BLOCKING

    @property
    def sentence(self) -> str:
        """The finding in words, such as `Names a host: “db-01”`."""
        return f"{PHRASES[self.leak]}: “{self.quote}”" if self.quote else PHRASES[self.leak]


@dataclass(frozen=True, slots=True)
class Confidential:
    """The organisation's own words that must not become public."""

    people: tuple[str, ...] = ()  # full names, and handles without `@`
    customers: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()  # internal domains
    page: str = ""  # the address of the status page, to which a public text may link


_WORDS_QUOTED, _MOST = 60, 20
_FIRST_CJK = "\u2e80"
_SLACK_ID = re.compile(r"\b[UWCG]\d[A-Z0-9]{7,9}\b")
_CHANNEL = re.compile(r"(?<![\w#/&])#[a-z][a-z0-9_-]{2,79}")
_WITHOUT_SCHEME = re.compile(r"(?<![\w@/.:-])(?:[a-z0-9-]{1,63}\.){1,6}[a-z]{2,20}/[^\s<>\"')\]]+", re.IGNORECASE)
_OTHER_SCHEME = re.compile(r"\b(?!https?:)[a-z][a-z0-9+.-]{1,20}://[^\s<>\"')\]]+", re.IGNORECASE)
_URL = re.compile(r"\bhttps?://[^\s<>\"')\]]+", re.IGNORECASE)
_EMAIL = re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+\b")
_AT = re.compile(r"(?<![\w@/.])@[A-Za-z][\w.-]{1,40}")
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\d)")
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4}(?:%\w+)?(?![\w:])")
_PRIVATE_SUFFIX = r"internal|local|localdomain|lan|corp|intranet|private|home|svc|cluster\.local|ec2\.internal"
_PRIVATE_HOST = re.compile(rf"\b(?:[a-z0-9_-]{{1,63}}\.){{1,8}}(?:{_PRIVATE_SUFFIX})\b", re.IGNORECASE)
# A machine's name ends in a number, and one of its parts says what it is or where.
_ROLES = (
    r"db|sql|pg|postgres(?:ql)?|mysql|mongo|redis|cache|kafka|zk|es|elastic|web|www|app|api|srv|server|node|host|vm|"
    r"worker|master|primary|replica|standby|proxy|lb|haproxy|nginx|gw|gateway|edge|bastion|jump|queue|mq|rabbit|"
    r"prod|prd|stg|staging|dev|test|qa|k8s|kube|ingress|etcd|vault|consul|jenkins|ci|auth|mail|smtp|dns|ns|fw|router|"
    r"gpu|storage|nas|backup|bak|batch|cron|ml|payments?|checkout|search|dc"
)
_MACHINE = re.compile(
    rf"\b(?:[a-z]{{2,20}}[-.])?(?:{_ROLES})(?:[-.][a-z0-9]{{1,20}}){{0,5}}[-.]?\d{{1,4}}[a-z]?"
    r"(?:\.[a-z0-9-]{1,40}){0,6}\b",
    re.IGNORECASE,
)
_POD = re.compile(r"\b[a-z][a-z0-9]{1,30}(?:-[a-z0-9]{1,30}){0,4}-[a-f0-9]{6,10}-[a-z0-9]{5}\b")
_CLOUD_HOST = re.compile(r"\b(?:ip-\d{1,3}(?:-\d{1,3}){3}|i-[0-9a-f]{8,17}|arn:aws:[\w:/-]{5,120})\b")
_VENDOR_HOST = re.compile(
    r"\b(?:[\w-]{1,63}\.){1,5}(?:amazonaws\.com|rds\.amazonaws\.com|cloudapp\.net|compute\.googleapis\.com)\b"
)
_INTERNAL_TOOLS = re.compile(
    r"(?:^|[./])(?:grafana|kibana|jira|confluence|jenkins|argocd|sentry|prometheus|wiki|git|gitlab|admin|runbooks?"
    r"|dashboards?|vault|datadoghq|atlassian|pagerduty|opsgenie|splunk|newrelic|slack)(?:\.|$)",
    re.IGNORECASE,
)
_TICKET = re.compile(
    r"\b(?!(?:UTF|SHA|ISO|RFC|TLS|SSL|AES|GPT|HTTP|IPV|MD|COVID|UTC|GMT|SEV|CET|P|H|A|F)-)[A-Z][A-Z0-9]{1,9}-\d{1,7}\b"
)
_PULL_REQUEST = re.compile(
    r"\b(?:PR|pull request|merge request|MR|commit|ticket|issue)\s*[#!]?\s*(?:\d{2,7}|[0-9a-f]{7,40})\b", re.I
)
_TRACES = (
    re.compile(r"Traceback \(most recent call last\)"),
    re.compile(r"\bFile \"[^\"\n]{1,200}\", line \d+"),
    re.compile(r"\bat [\w$.<>]{1,200}\([\w.$ ]{1,100}(?::\d+)?\)"),
    re.compile(r"\bException in thread\b|\bgoroutine \d+ \[|\bpanic: |\bsegmentation fault\b|\bcore dumped\b", re.I),
    re.compile(r"\b[A-Za-z]{1,60}(?:Exception|Error):"),
    re.compile(r"\b[A-Z][a-z]\w{0,60}(?:Exception|Error)\b"),
    re.compile(r"\b(?:[\w/-]{1,80}/){1,10}\w{1,60}\.(?:py|java|go|rb|js|ts|rs|cpp?|php|cs|kt|scala):\d+"),
    re.compile(r"\b(?:OOMKilled|CrashLoopBackOff|ECONN(?:REFUSED|RESET)|SIGKILL|SIGSEGV|NullPointer)\b"),
)
_HYPOTHESIS = re.compile(
    r"\b(?:(?:we|i|they|engineers?)\s+(?:think|believe|suspect|assume|guess|suppose)|probably|probable|possibly|perhaps"
    r"|presumably|apparently|supposedly|likely|maybe|(?:may|might|could)\s+(?:be|have\s+been)\s+(?:caused|due|related"
    r"|because|a|an|the|our)|looks?\s+like|seems?\s+(?:to|like|that|as)|appears?\s+to|suspected|our\s+(?:theory|guess"
    r"|hunch|best\s+guess)|working\s+theory|not\s+sure|hypothes[ie]s)\b",
    re.IGNORECASE,
)
_BLAME = re.compile(
    r"\b(?:\w+['’]s\s+(?:fault|mistake)|mistakes?\s+(?:made\s+)?by|human\s+error|operator\s+error|user\s+error|someone'?s\s+(?:mistake|fault)|(?:his|her|their|whose)\s+"
    r"(?:fault|mistake|error)|(?:the|a)\s+(?:careless|negligent|sloppy|junior)|careless(?:ly|ness)?|negligen(?:t|ce)"
    r"|sloppy|incompeten(?:t|ce)|to\s+blame|blam(?:e|ed|es|ing)|at\s+fault|screwed\s+up|messed\s+up|fat[- ]fingered"
    r"|forgot\s+to|failed\s+to\s+(?:check|test|review|notice|follow)|should\s+have\s+(?:known|checked|tested|caught)"
    r"|(?:an?|the)\s+(?:engineer|developer|employee|contractor|operator|admin(?:istrator)?|intern|dba)\s+(?:who\s+)?"
    r"(?:made|deployed|pushed|deleted|dropped|broke|caused|introduced|ran|misconfigured|accidentally))\b",
    re.IGNORECASE,
)
_IMPACT = re.compile(
    r"\b(?:(?:un)?affect(?:s|ed|ing)?|impact(?:s|ed)?|unable|can(?:no|')t|cannot|could\s+not|couldn't|unavailab\w+"
    r"|fail(?:s|ed|ing|ures?)?|errors?|slow(?:er|ly|ness)?|degraded|outage|delay(?:s|ed)?|interrupt\w+|disrupt\w+|down"
    r"|time(?:d)?[- ]?outs?|intermittent|not\s+(?:be\s+able|load\w*|work\w*|respond\w*|receive\w*)|missing|incorrect"
    r"|customers?\s+(?:see|saw|notice)|(?:users|customers|requests|orders|payments)\s+(?:are|were|may|might|have|had))\b",
    re.IGNORECASE,
)
_NEXT_UPDATE = re.compile(
    r"\b(?:next\s+(?:update|message|report)|(?:update|write|post|report|inform|share|back)\b[^.\n]{0,60}?"
    r"\b(?:by|within|in|at|every|before)\s+(?:the\s+)?(?:next\s+)?(?:\d+|an\s+hour|half\s+an\s+hour|one|two|noon|tomorrow|monday)"
    r"|more\s+(?:(?:news|information|details|here)\s+)?(?:by|within|in|at|before)\s+\d+"
    r"|updates?\s+(?:will\s+be\s+provided\s+)?every)\b",
    re.IGNORECASE,
)


def find(text: str, confidential: Confidential = Confidential(), *, more_to_come: bool = True) -> list[Finding]:
    """Every finding in a text for the public, each once. With `more_to_come` a next update is due."""
    findings = [*leaks_in(text, confidential)]
    findings += [Finding(Leak.GAP, gap) for gap in gaps_in(text)]
    findings += _findings_of(Leak.HYPOTHESIS, _HYPOTHESIS, text) + _findings_of(Leak.BLAME, _BLAME, text)
    if not _IMPACT.search(text):
        findings.append(Finding(Leak.NO_IMPACT))
    if more_to_come and not _NEXT_UPDATE.search(text):
        findings.append(Finding(Leak.NO_NEXT_UPDATE))
    return sorted(dict.fromkeys(findings), key=lambda finding: not finding.blocks)[:_MOST]


def leaks_in(text: str, confidential: Confidential = Confidential()) -> list[Finding]:
    """The leaks in a text, of the kinds in `UNSAFE`, which no public text, subject or single value may have."""
    findings: list[Finding] = []
    masked = _MASKER.mask(text)
    if masked != strip_invisible(text):
        findings.append(Finding(Leak.SECRET))
    text = masked
    findings += [Finding(Leak.INTERNAL_URL, _cut(url)) for url in _URL.findall(text) if _is_internal(url, confidential)]
    rest = _URL.sub(" ", text)
    bare_urls = [url for url in _WITHOUT_SCHEME.findall(rest) if _is_internal(f"https://{url}", confidential)]
    findings += [Finding(Leak.INTERNAL_URL, _cut(url)) for url in (*bare_urls, *_OTHER_SCHEME.findall(rest))]
    rest = _OTHER_SCHEME.sub(" ", rest)
    findings += [Finding(Leak.HANDLE, _cut(handle)) for handle in (*_EMAIL.findall(rest), *MENTION.findall(rest))]
    rest = MENTION.sub(" ", _EMAIL.sub(" ", rest))
    for pattern in (_AT, _SLACK_ID, _CHANNEL):
        findings += _findings_of(Leak.HANDLE, pattern, rest)
    findings += [Finding(Leak.IP, word) for word in _IPV4.findall(rest) if _is_ip(word)]
    findings += [Finding(Leak.IP, word) for word in _IPV6.findall(rest) if _is_ip(word.split("%")[0])]
    for pattern in (_PRIVATE_HOST, _POD, _CLOUD_HOST, _VENDOR_HOST, _MACHINE):
        findings += _findings_of(Leak.HOST, pattern, rest)
    findings += _occurrences(Leak.HOST, confidential.hosts, rest)
    for pattern in (_TICKET, _PULL_REQUEST):
        findings += _findings_of(Leak.TICKET, pattern, rest)
    for pattern in _TRACES:
        findings += _findings_of(Leak.STACK_TRACE, pattern, rest)
    findings += _occurrences(Leak.NAME, _forms_of(confidential.people), rest)
    findings += _occurrences(Leak.CUSTOMER, confidential.customers, rest)
    return list(dict.fromkeys(findings))[:_MOST]


def _findings_of(leak: Leak, pattern: re.Pattern[str], text: str) -> list[Finding]:
    return [Finding(leak, _cut(match[0])) for match in pattern.finditer(text)]


def _occurrences(leak: Leak, names: Iterable[str], text: str) -> list[Finding]:
    findings, text = [], _without_accents(text)
    for name in names:
        plain_name = _without_accents(name).strip().rstrip(".")
        # Scripts without spaces between words have no boundaries to look for.
        pattern = re.escape(plain_name) if plain_name[:1] >= _FIRST_CJK else rf"(?<!\w){re.escape(plain_name)}(?!\w)"
        if plain_name and (match := re.search(pattern, text, re.IGNORECASE)):
            findings.append(Finding(leak, _cut(match[0])))
    return findings


def _without_accents(text: str) -> str:
    """The text with `é` as `e`: people type names as their keyboard lets them."""
    decomposed = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(char for char in decomposed if not unicodedata.combining(char)))


def _forms_of(people: Iterable[str]) -> list[str]:
    """Full names, and their parts of three letters and more: “Maya said” names Maya Roth."""
    parts = [part for name in people for part in (name, *name.split()) if len(part) > 2 or part[:1] >= _FIRST_CJK]
    return list(dict.fromkeys(part for part in parts if part.lower() not in _NOT_NAMES))


_NOT_NAMES = frozenset(
    [
        "the",
        "and",
        "team",
        "lead",
        "manager",
        "engineer",
        "engineering",
        "operations",
        "support",
        "call",
        "duty",
        "primary",
        "secondary",
        "incident",
        "status",
        "chief",
        "officer",
        "technology",
        "executive",
        "head",
        "customer",
        "product",
        "security",
        "data",
        "will",
        "may",
    ]
)


def _is_internal(url: str, confidential: Confidential) -> bool:
    page = confidential.page.rstrip("/")
    if page and (url.rstrip(".,;/") == page or url.startswith((f"{page}/", f"{page}?"))):
        return False
    host = re.sub(r"^https?://(?:[^/@]*@)?", "", url, flags=re.IGNORECASE).split("/")[0].split("?")[0]
    name = host.rsplit(":", 1)[0].strip("[]").rstrip(".,;").lower()
    if "." not in name or _is_ip(name) or _PRIVATE_HOST.fullmatch(name) or ":" in host.rstrip(".,;:"):
        return True
    if any(name == own.lower() or name.endswith(f".{own.lower()}") for own in confidential.hosts):
        return True
    return bool(_INTERNAL_TOOLS.search(name))


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return text not in ("::",)


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _WORDS_QUOTED else line[: _WORDS_QUOTED - 1] + "…"
