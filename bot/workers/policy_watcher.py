"""The policy file while the bot runs: read again when it has changed, and when the operator asks (SIGHUP).

What is valid is in force at once, for incidents declared from then on; those declared before keep theirs. What is not
valid changes nothing: the policy from before stays, and that is said in the log, in `/readyz`, in the metrics and in
the announcement channel. Every replica looks at its own file, so two may differ for some seconds.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog

from bot import policy as policy_reader
from bot.domain import routing
from bot.domain.routing.notice import Notice
from bot.metrics import Metrics
from bot.policy import LoadedPolicy, PolicyError
from bot.policy.problems import dotted
from bot.usecases.context import Context
from bot.usecases.effects import home_tab
from bot.workers.base import Periodic
from bot.workers.timer import Timer
from storage import key_value
from storage.engine.errors import StorageError
from storage.outbox import enqueue

log = structlog.get_logger()

LOOK_S = 2.0

Stamp = tuple[int, int, int]  # of a file; None: there is none
NEVER: Stamp = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Bad:
    """A file that cannot be used. `digest` is of its bytes."""

    digest: str
    error: PolicyError

    @property
    def count(self) -> str:
        number = len(self.error.problems)
        return f"{number} mistakes" if number != 1 else "1 mistake"


class PolicyWatcher:
    """`find` says where the file is; `changed` is called after another policy came into force."""

    def __init__(
        self,
        context: Context,
        timer: Timer,
        metrics: Metrics,
        find: Callable[[], Path | None],
        changed: Callable[[], None],
    ) -> None:
        self._context = context
        self._timer = timer
        self._metrics = metrics
        self._find = find
        self._changed = changed
        self._path = find()
        self._read: Stamp | None = NEVER  # as it stood when it was last read here: it may have changed since the start
        self._content: str | None = None
        self._moving: Stamp | None = NEVER
        self._asked = False
        self._told_at_start = False
        self._turn = asyncio.Lock()
        self.trouble: str | None = None

    @property
    def periodic(self) -> Periodic:
        return Periodic(
            "policy watcher", timedelta(seconds=LOOK_S), timedelta(0), self.look,
            hint="the policy from before stays in force; it is tried again",
        )  # fmt: skip

    def ask(self) -> None:
        """Read the file now, changed or not: for a signal handler."""
        self._asked = True
        self._timer.run_now(self.periodic.name)

    async def look(self) -> None:
        """Read the file if that was asked for, or if it has changed."""
        if not self._told_at_start:  # the file was good at the start, so an earlier message about mistakes is settled
            await self._tell_mended()
            self._told_at_start = True
        asked, self._asked = self._asked, False
        try:
            if asked or await self._settled():
                await self.read(asked=asked)
        except StorageError:
            self._read, self._content = NEVER, None  # so that it is read, and reported, again
            raise

    async def _settled(self) -> bool:
        """Whether it has changed and stood still since the last look: nobody reads half of what is being written."""
        self._path = self._find() or self._path
        if self._path is None:
            return False
        stamp = await asyncio.to_thread(_stamp, self._path)
        if stamp == self._read:
            self._moving = NEVER
            return False
        if stamp != self._moving:
            self._moving = stamp
            return False
        return True

    async def read(self, *, asked: bool = False) -> None:
        """1. Read the whole file apart; 2. put it in force, or not, all at once; 3. say so."""
        async with self._turn:
            self._path = self._find() or self._path
            stamp, digest = await asyncio.to_thread(_stamp, self._path), await asyncio.to_thread(_digest, self._path)
            if digest == self._content and not asked:
                self._read = stamp
                return
            try:
                loaded = await asyncio.to_thread(policy_reader.read, self._path)
            except PolicyError as error:
                await self._stays(Bad(digest, error), again=digest != self._content)
            else:
                await self._in_force(loaded, asked=asked)
            self._read, self._content = stamp, digest

    async def _in_force(self, loaded: LoadedPolicy, *, asked: bool) -> None:
        before = self._context.policies.document
        differs = sorted(key for key in {*before, *loaded.document} if before.get(key) != loaded.document.get(key))
        mended, self.trouble = self.trouble is not None, None
        self._metrics.policy_stale.set(0)
        self._metrics.policy_reloads.labels("in_force" if differs else "unchanged").inc()
        for warning in loaded.warnings if differs else ():
            log.warning("policy.warning", detail=warning)
        if not differs:
            if asked or mended:
                log.info("policy.unchanged", file=str(self._path), detail="the file says what is in force")
        else:
            self._context.policies.put_in_force(loaded.policy, loaded.document)
            log.info(
                "policy.in_force", file=str(self._path), policy=loaded.policy.name, digest=loaded.policy.digest[:12],
                changed=differs, detail="it holds for incidents declared from now on; others keep theirs",
            )  # fmt: skip
        if differs:
            self._changed()
        await self._tell_mended()

    async def _stays(self, bad: Bad, *, again: bool) -> None:
        self.trouble = f"the policy file cannot be used ({bad.count}); the one from before stays in force"
        self._metrics.policy_stale.set(1)
        self._metrics.policy_reloads.labels("refused").inc()
        log.error(
            "policy.refused", file=str(self._path), problems=str(bad.error).splitlines(),
            hint="the policy from before stays in force; mend the file, `tocsin check` looks it over",
        )  # fmt: skip
        if again:
            await self._tell_bad(bad)

    async def _tell_bad(self, bad: Bad) -> None:
        """Where people look; without the values that are wrong, for a telephone number or a key may be among them."""
        if not self._context.policy.announce:
            return
        first = bad.error.problems[0]
        async with self._context.database.transaction() as conn:
            known = await key_value.POLICY_REJECTION.get(conn) or {"number": 0, "digest": None}
            if known["digest"] == bad.digest:
                return
            number = known["number"] + 1
            await key_value.POLICY_REJECTION.put(conn, {"number": number, "digest": bad.digest})
            said = {"count": bad.count, "line": first.line, "key": dotted(first.path)}
            await enqueue.put(conn, [routing.policy_refused(number, said), *_mended(known)])
        self._context.wakeups.notify()

    async def _tell_mended(self) -> None:
        async with self._context.database.transaction() as conn:
            known = await key_value.POLICY_REJECTION.get(conn)
            if known and known["digest"]:
                await key_value.POLICY_REJECTION.put(conn, {**known, "digest": None})
                await enqueue.put(conn, _mended(known))
            await home_tab.refresh_all(conn, self._context.clock.now())
        self._context.wakeups.notify()


def _mended(known: dict[str, int | str | None]) -> list[Notice]:
    """The edit of the message before this one, if one stands."""
    return [routing.policy_mended(int(known["number"] or 0))] if known["digest"] else []


def _stamp(path: Path | None) -> Stamp | None:
    try:
        found = path.stat() if path else None
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino) if found else None


def _digest(path: Path | None) -> str:
    """Of the bytes; empty where there are none."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() if path else ""
    except OSError:
        return ""
