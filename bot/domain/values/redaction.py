"""Masks what nobody may read: known secrets in the forms in which programs print them, and whatever looks like one."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

MASK = "•••"
MIN_SECRET_LENGTH = 6  # what is shorter would mask half of every sentence
MAX_WORD_LENGTH = 4096  # so much at most is left off where text was cut off in the middle of a word
TRUNCATED = "…"

# Escape sequences of terminals, of which a secret could be full without looking different.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_HALF_AN_ESCAPE = re.compile(rf"\x1b[^\x1b]{{0,{MAX_WORD_LENGTH}}}\Z")
# What is not seen and not meant: control characters but tab and newline, and those that turn or hide text.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_NAMES = r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key(?:[_-]?id)?|private[_-]?key|credentials?|authorization|auth|session(?:[_-]?token)?|signing[_-]?secret|client[_-]?secret)"  # noqa: E501

# Whatever a program prints is gone through, and everybody waits meanwhile: so no part of these is without a bound that
# could begin anew at each letter of one long word.
_LOOKS = [
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
    re.compile(r"\b(?:xox[a-z]-|xapp-|xwfp-)[A-Za-z0-9-]{8,}"),  # Slack
    re.compile(r"\b(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA)[A-Z0-9]{16}\b"),  # AWS
    re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,})"),
    re.compile(r"\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,}|\bsk-[A-Za-z0-9_-]{20,}"),
    re.compile(r"\bAIza[A-Za-z0-9_-]{30,}|\bya29\.[A-Za-z0-9_-]{20,}"),  # Google
    re.compile(r"\beyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?"),  # JSON web tokens
    re.compile(r"https://hooks\.slack\.com/\S+"),
]
_KEEPING = [  # what stands before the secret stays
    re.compile(r"(\b(?:Bearer|Basic)\s+)(?=[^\s]*[0-9.=_~+/-])[A-Za-z0-9._~+/=:-]{6,}", re.IGNORECASE),
    re.compile(r"(\b[a-z][a-z0-9+.-]{0,30}://[^\s/:@'\"]*:)[^\s/@'\"]+(?=@)", re.IGNORECASE),
    re.compile(
        rf"({_NAMES}[\w.-]{{0,200}}[\"']?\s*[:=]\s*(?:(?:Bearer|Basic|Token)\s+)?[\"']?)(?!•••)[^\s\"',;&}}]{{3,}}",
        re.IGNORECASE,
    ),
    re.compile(rf"((?<![\w-])--?[\w-]{{0,80}}{_NAMES}[\w-]{{0,80}}\s+[\"']?)(?!-)[^\s\"']{{3,}}", re.IGNORECASE),
]


class Redactor:
    """Made once for the secrets that are known."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets if len(secret) >= MIN_SECRET_LENGTH for form in _forms(secret)}
        self._forms = sorted(forms, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, self._forms))) if forms else None

    def redact(self, text: str) -> str:
        """As plain text that can be shown."""
        return self._looked_through(self._without_known(strip_invisible(text)))

    def redact_truncated(self, text: str) -> str:
        """The same of text that was cut off somewhere: what may be the beginning of a secret is left off its end.

        That is whatever a known one begins with, and the last word, which may have become too short to look like one.
        """
        text = self._without_known(strip_invisible(_HALF_AN_ESCAPE.sub("", _ESCAPES.sub("", text))))
        known = text[: min((_begun(form, text) for form in self._forms), default=len(text))]
        whole = known[: len(known) - len(_last_word(known))]
        return f"{self._looked_through(whole)}{TRUNCATED}" if text else text

    def _without_known(self, text: str) -> str:
        return self._known.sub(MASK, text) if self._known is not None else text

    def _looked_through(self, text: str) -> str:
        for looks in _LOOKS:
            text = looks.sub(MASK, text)
        for keeping in _KEEPING:
            text = keeping.sub(rf"\1{MASK}", text)
        return text


def strip_invisible(text: str) -> str:
    """Without escape sequences and characters that are not seen."""
    text = _ESCAPES.sub("", text.replace("\r\n", "\n"))
    return _UNSEEN.sub("", text.replace("\r", "\n"))


def _begun(form: str, text: str) -> int:
    """Where `text` ends with the beginning of `form`; its length where it does not."""
    at = text.find(form[0], max(0, len(text) - len(form) + 1))
    while at >= 0 and not form.startswith(text[at:]):
        at = text.find(form[0], at + 1)
    return at if at >= 0 else len(text)


def _last_word(text: str) -> str:
    """Nothing where it ends with a space."""
    tail = text[-MAX_WORD_LENGTH:]
    return "" if not tail or tail[-1].isspace() else tail.split()[-1]


def _forms(secret: str) -> set[str]:
    """As it stands, and as programs print it: in URLs, in JSON, in hexadecimal and in base64 at any offset."""
    raw = secret.encode()
    found = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], raw.hex(), raw.hex().upper()}
    for offset in range(3):
        # What only this secret's bytes decide: the characters shared with bytes before and after it are left off.
        padded = base64.b64encode(b"\0" * offset + raw).decode().rstrip("=")
        start = (offset * 8 + 5) // 6
        whole = (offset + len(raw)) * 8 // 6
        found |= {padded[start:whole], padded[start:whole].replace("+", "-").replace("/", "_")}
    return {form for form in found if len(form) >= MIN_SECRET_LENGTH}


def truncate_middle(text: str, limit: int) -> str:
    """Its beginning and, mostly, its end: that is where programs say what went wrong."""
    text = text.strip("\n")
    if len(text) <= limit:
        return text
    head = limit // 4
    left = len(text) - limit
    return f"{text[:head]}\n… {left} characters left out …\n{text[-(limit - head) :]}"
