"""Turns text into terms that the search compares: in lower case, stemmed, with one term for synonyms."""

from __future__ import annotations

import hashlib
import itertools
import re
import unicodedata

_LONGEST = 40  # a longer word is a token or an address, which nobody types again
_PART = re.compile(r"[^\W_]+")
_WORD = re.compile(r"[^\s,;:!?()\[\]\"“”]+")
_HUMPED = re.compile(r"\b[^\W_]*[a-z][A-Z][^\W_]*\b")
_MARKS = re.compile("[\u0300-\u036f]")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# Written as two words or as one.
_COMPOUNDS = (
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
_SYNONYMS_OF = {
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
_SYNONYMS = {word: term for term, words in _SYNONYMS_OF.items() for word in words.split()}
_STOP_WORDS_TEXT = """
a again all also an and any anybody are as at be been but by can cant could did do does dont everybody for
from get gets getting go goes going got had has have help how i if in into is it its just keep keeping keeps
me much my need needs nobody not now of off on one or our out please really seem seems so some somebody
someone something still super than that the their them then there they think this to tons until up us very was
we were what when where which while who why will with wont would you your
"""
_STOP_WORDS = frozenset(_STOP_WORDS_TEXT.split())
_ENDINGS = (
    ("sses", "ss"), ("ies", "y"), ("xes", "x"), ("ches", "ch"), ("ations", "ate"), ("ation", "ate"), ("ings", ""),
    ("ing", ""), ("edly", ""), ("ed", ""), ("ness", ""), ("ments", "ment"), ("ly", ""),
)  # fmt: skip

# Version of these rules. A stored index with another version is rebuilt.
_RULES = (
    _SYNONYMS_OF,
    [(pattern.pattern, instead) for pattern, instead in _COMPOUNDS],
    sorted(_STOP_WORDS),
    _ENDINGS,
    _LONGEST,
)
VERSION = hashlib.sha256(repr(_RULES).encode()).hexdigest()[:16]


def terms(text: str) -> list[str]:
    """The terms of a text in order, without stop words."""
    text = _CAMEL.sub(" ", _fold(text).replace("_", " ")).lower()
    for pattern, together in _COMPOUNDS:
        text = pattern.sub(together, text)
    return [canonical_term(word[:_LONGEST]) for word in _PART.findall(text) if word not in _STOP_WORDS]


def terms_as_typed(text: str) -> dict[str, str]:
    """Each index term of a text, with the word as it was typed."""
    typed: dict[str, str] = {}
    for word in _WORD.findall(text):
        for term in index_terms(word):
            typed.setdefault(term, word)
    return {term: typed.get(term, term) for term in index_terms(text)}


def index_terms(text: str) -> list[str]:
    """The terms under which a text is found. `NotReady` is found by `notready`, too."""
    joined = [_fold(word).lower()[:_LONGEST] for word in _HUMPED.findall(text)]
    return list(dict.fromkeys([*terms(text), *joined]))


def _fold(text: str) -> str:
    """Fold accents, which people leave out in a hurry, and wide or joined letters into plain letters."""
    return text if text.isascii() else _MARKS.sub("", unicodedata.normalize("NFKD", text))


def bigrams(terms: list[str]) -> list[str]:
    """Pairs of neighbouring terms, so that `connection pool` counts for more than `connection` and `pool`."""
    return [f"{first} {second}" for first, second in itertools.pairwise(terms)]


def canonical_term(word: str) -> str:
    """The stem of a word, or of the term that stands for its synonyms."""
    return stem(_SYNONYMS.get(word) or _SYNONYMS.get(stem(word), word))


def stem(word: str) -> str:
    """Strip endings of number and tense. Short words stay as they are."""
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
