"""From what people type to terms that can be compared: small letters, stems, and one word for what means the same."""

from __future__ import annotations

import hashlib
import itertools
import re
import unicodedata

_LONGEST = 40  # what is longer is a token or an address, and nothing anybody types again
_PART = re.compile(r"[^\W_]+")
_WORD = re.compile(r"[^\s,;:!?()\[\]\"“”]+")
_HUMPED = re.compile(r"\b[^\W_]*[a-z][A-Z][^\W_]*\b")
_MARKS = re.compile("[\u0300-\u036f]")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# Said as two words or as one.
_TOGETHER = (
    (re.compile(r"\broll(?:ed|ing)?[ -]backs?\b"), "rollback"),
    (re.compile(r"\bfail(?:ed|ing)?[ -]overs?\b"), "failover"),
    (re.compile(r"\bwarm(?:ed|ing)?[ -]up\b"), "warmup"),
    (re.compile(r"\bpost[ -]?mortems?\b"), "postmortem"),
    (re.compile(r"\bout[ -]of[ -](?:memory|mem)\b"), "oom"),
    (re.compile(r"\bno space left\b"), "disk full"),
    (re.compile(r"\bcrash[ -]?loop(?:ing|s|backoff)?\b"), "crashloop"),
    (re.compile(r"\brate[ -]?limit(?:s|ed|ing|er)?\b"), "rate limit ratelimit"),
    (re.compile(r"\boff and (?:back )?on\b"), "off and on offandon"),
    (re.compile(r"\btoo many requests\b"), "too many requests ratelimit"),
    (re.compile(r"['’]"), ""),
)
_MEANS = {
    "database": "db dbs postgres postgre postgresql pg psql sql rds mysql databases",
    "certificate": "cert certs tls ssl x509 https certificates",
    "slow": "latency lag lagging laggy sluggish slowness slower slowly p50 p95 p99 p999 crawling hanging hangs hang",
    "memory": "ram mem heap oom oomkilled oomkill oomkiller",
    "deployment": "deploy deploys deployed deploying release releases released rollout ship shipped deployments",
    "rollback": "revert reverted undo",
    "down": "outage outages dead unavailable unreachable died offline gone",
    "error": "errors erroring 5xx 500 500s 502 503 504 exception exceptions failures failure failing fails failed fail",
    "breach": "hacked hack attacker attack intrusion intruder compromised unauthorised leak leaked unauthorized",
    "kubernetes": "k8s kube",
    "corrupt": "corrupted corruption damaged inconsistent",
    "restart": "restarting restarted restarts reboot bounce rebooting",
    "ratelimit": "429 throttled throttling throttle quota",
    "traffic": "requests request load",
    "restore": "recover recovered restoring restored",
    "credentials": "credential password passwords token tokens secret secrets key keys",
    "answer": "answers respond responds responding response reply",
    "full": "exhausted exhaustion saturated fills filled maxed",
    "provider": "vendor llm openai anthropic claude gpt providers",
    "dashboard": "dashboards ui frontend",
    "model": "ml ai models inference prediction predictions",
    "region": "zone zones regions az datacenter",
    "primary": "master leader",
    "replica": "replicas standby secondary follower",
    "page": "paged pages pager",
    "cache": "caches caching cached",
    "load": "loading loads",
}
_SAME = {word: canonical_term for canonical_term, words in _MEANS.items() for word in words.split()}
_SAY_NOTHING = """
a again all also an and any anybody are as at be been but by can cant could did do does dont everybody for
from get gets getting go goes going got had has have help how i if in into is it its just keep keeping keeps
me much my need needs nobody not now of off on one or our out please really seem seems so some somebody
someone something still super than that the their them then there they think this to tons until up us very was
we were what when where which while who why will with wont would you your
"""
_IDLE = frozenset(_SAY_NOTHING.split())
_ENDINGS = (
    ("sses", "ss"), ("ies", "y"), ("xes", "x"), ("ches", "ch"), ("ations", "ate"), ("ation", "ate"), ("ings", ""),
    ("ing", ""), ("edly", ""), ("ed", ""), ("ness", ""), ("ments", "ment"), ("ly", ""),
)  # fmt: skip

# What a stored index was made by: where it differs, the index is made anew.
_RULES = (_MEANS, [(pattern.pattern, instead) for pattern, instead in _TOGETHER], sorted(_IDLE), _ENDINGS, _LONGEST)
VERSION = hashlib.sha256(repr(_RULES).encode()).hexdigest()[:16]


def terms(text: str) -> list[str]:
    """In the order in which they stand; words that say nothing are left out."""
    text = _CAMEL.sub(" ", _folded(text).replace("_", " ")).lower()
    for pattern, together in _TOGETHER:
        text = pattern.sub(together, text)
    return [canonical_term(word[:_LONGEST]) for word in _PART.findall(text) if word not in _IDLE]


def terms_as_typed(text: str) -> dict[str, str]:
    """Each term of a text, with the word it was said in."""
    said: dict[str, str] = {}
    for word in _WORD.findall(text):
        for found in index_terms(word):
            said.setdefault(found, word)
    return {found: said.get(found, found) for found in index_terms(text)}


def index_terms(text: str) -> list[str]:
    """The terms of a text, and what stands together in it also as one: `NotReady` is typed as `notready`, too."""
    joined = [_folded(word).lower()[:_LONGEST] for word in _HUMPED.findall(text)]
    return list(dict.fromkeys([*terms(text), *joined]))


def _folded(text: str) -> str:
    """Without accents, which people leave out when they type in a hurry; wide and joined letters as plain ones."""
    return text if text.isascii() else _MARKS.sub("", unicodedata.normalize("NFKD", text))


def bigrams(found: list[str]) -> list[str]:
    """Neighbours, so that `connection pool` counts for more than `connection` and `pool`."""
    return [f"{first} {second}" for first, second in itertools.pairwise(found)]


def canonical_term(word: str) -> str:
    return stem(_SAME.get(word) or _SAME.get(stem(word), word))


def stem(word: str) -> str:
    """Without the endings of number and tense; short words stay as they are."""
    if len(word) > 4:
        for ending, instead in _ENDINGS:
            if word.endswith(ending) and len(word) - len(ending) >= 3:
                word = word[: -len(ending)] + instead
                break
        else:
            if word.endswith("s") and not word.endswith(("ss", "us", "is")):
                word = word[:-1]
    if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "lsz":
        word = word[:-1]
    return word[:-1] if len(word) > 4 and word.endswith("e") else word
