"""Masks secrets in text: known ones in every form in which programs print them, and whatever looks like one."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

MASK = "•••"
MIN_SECRET_LENGTH = 6  # masking shorter ones would hide half of every sentence
MAX_WORD_LENGTH = 4096  # at most so much of a truncated word is left off the end
TRUNCATED = "…"

# Terminal escape sequences, which can split a secret without being visible.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_HALF_AN_ESCAPE = re.compile(rf"\x1b[^\x1b]{{0,{MAX_WORD_LENGTH}}}\Z")
# Invisible characters: control characters except tab and newline, and those that reverse or hide text.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_NAMES = r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key(?:[_-]?id)?|private[_-]?key|credentials?|authorization|auth|session(?:[_-]?token)?|signing[_-]?secret|client[_-]?secret)"  # noqa: E501

# Every output of a program is searched while the event loop waits. So no part of these patterns is unbounded in a way
# that could start again at each letter of one long word.
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
_KEEPING = [  # the part before the secret stays
    re.compile(r"(\b(?:Bearer|Basic)\s+)(?=[^\s]*[0-9.=_~+/-])[A-Za-z0-9._~+/=:-]{6,}", re.IGNORECASE),
    re.compile(r"(\b[a-z][a-z0-9+.-]{0,30}://[^\s/:@'\"]*:)[^\s/@'\"]+(?=@)", re.IGNORECASE),
    re.compile(
        rf"({_NAMES}[\w.-]{{0,200}}[\"']?\s*[:=]\s*(?:(?:Bearer|Basic|Token)\s+)?[\"']?)(?!•••)[^\s\"',;&}}]{{3,}}",
        re.IGNORECASE,
    ),
    re.compile(rf"((?<![\w-])--?[\w-]{{0,80}}{_NAMES}[\w-]{{0,80}}\s+[\"']?)(?!-)[^\s\"']{{3,}}", re.IGNORECASE),
]


class Masker:
    """Masks the given secrets and everything that looks like one. Build it once per set of secrets."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets if len(secret) >= MIN_SECRET_LENGTH for form in _forms(secret)}
        self._forms = sorted(forms, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, self._forms))) if forms else None

    def mask(self, text: str) -> str:
        """Visible text without secrets."""
        return self._mask_lookalikes(self._mask_known(strip_invisible(text)))

    def mask_truncated(self, text: str) -> str:
        """Mask text that was cut off: also drop from its end what may be the beginning of a secret.

        That is the beginning of a known secret, and the last word, which may be too short now to look like one.
        """
        text = self._mask_known(strip_invisible(_HALF_AN_ESCAPE.sub("", _ESCAPES.sub("", text))))
        before_secret = text[: min((_start_of_cut_secret(form, text) for form in self._forms), default=len(text))]
        complete_words = before_secret[: len(before_secret) - len(_last_word(before_secret))]
        return f"{self._mask_lookalikes(complete_words)}{TRUNCATED}" if text else text

    def _mask_known(self, text: str) -> str:
        return self._known.sub(MASK, text) if self._known is not None else text

    def _mask_lookalikes(self, text: str) -> str:
        for looks in _LOOKS:
            text = looks.sub(MASK, text)
        for keeping in _KEEPING:
            text = keeping.sub(rf"\1{MASK}", text)
        return text


def strip_invisible(text: str) -> str:
    """Remove escape sequences and invisible characters."""
    text = _ESCAPES.sub("", text.replace("\r\n", "\n"))
    return _UNSEEN.sub("", text.replace("\r", "\n"))


def _start_of_cut_secret(form: str, text: str) -> int:
    """The index at which `text` ends with the beginning of `form`; the length of `text` if it does not."""
    at = text.find(form[0], max(0, len(text) - len(form) + 1))
    while at >= 0 and not form.startswith(text[at:]):
        at = text.find(form[0], at + 1)
    return at if at >= 0 else len(text)


def _last_word(text: str) -> str:
    """The word at the end of `text`. Empty if it ends with a space."""
    tail = text[-MAX_WORD_LENGTH:]
    return "" if not tail or tail[-1].isspace() else tail.split()[-1]


def _forms(secret: str) -> set[str]:
    """The secret itself, and as programs print it: in URLs, JSON, hexadecimal, and base64 at any offset."""
    raw = secret.encode()
    forms = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], raw.hex(), raw.hex().upper()}
    for offset in range(3):
        # Only the characters that depend on this secret alone, without those shared with the bytes around it.
        padded = base64.b64encode(b"\0" * offset + raw).decode().rstrip("=")
        start = (offset * 8 + 5) // 6
        end = (offset + len(raw)) * 8 // 6
        forms |= {padded[start:end], padded[start:end].replace("+", "-").replace("/", "_")}
    return {form for form in forms if len(form) >= MIN_SECRET_LENGTH}


def truncate_middle(text: str, limit: int) -> str:
    """Shorten to about `limit` characters, mostly from the end: that is where programs say what went wrong."""
    text = text.strip("\n")
    if len(text) <= limit:
        return text
    head = limit // 4
    omitted = len(text) - limit
    return f"{text[:head]}\n… {omitted} characters left out …\n{text[-(limit - head) :]}"
