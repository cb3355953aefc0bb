"""Reads the policy file again when it has changed, or when the operator sends SIGHUP.

A valid policy is in force at once, for incidents declared from then on; earlier incidents keep theirs. An invalid one
changes nothing: the previous policy stays in force, and the log, `/readyz`, the metrics and the announcement channel
say so. Every replica watches its own file, so two may differ for some seconds.
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
from bot.policy.problems import path_text
from bot.usecases.context import Context
from bot.usecases.effects import home_tab
from bot.workers.base import Periodic
from bot.workers.timer import Timer
from storage import key_value
from storage.engine.errors import StorageError
from storage.outbox import enqueue

log = structlog.get_logger()

LOOK_S = 2.0

Stamp = tuple[int, int, int]  # modification time, size and inode of a file
NEVER: Stamp = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class InvalidFile:
    """A policy file that cannot be used, by the digest of its bytes."""

    digest: str
    error: PolicyError

    @property
    def count(self) -> str:
        """The number of its mistakes, in words."""
        number = len(self.error.problems)
        return f"{number} mistakes" if number != 1 else "1 mistake"


class PolicyWatcher:
    """Puts a changed policy in force. `find` returns the path of the file; `changed` is called after each change."""

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
        self._read: Stamp | None = NEVER  # when last read here; the file may have changed since the start
        self._content: str | None = None
        self._moving: Stamp | None = NEVER
        self._asked = False
        self._settled_at_start = False
        self._turn = asyncio.Lock()
        self.trouble: str | None = None

    @property
    def periodic(self) -> Periodic:
        """The task that looks for a changed policy file."""
        return Periodic(
            "policy watcher", timedelta(seconds=LOOK_S), timedelta(0), self.look,
            hint="the previous policy stays in force; it is tried again",
        )  # fmt: skip

    def ask(self) -> None:
        """Read the file at the next look, changed or not. Safe to call from a signal handler."""
        self._asked = True
        self._timer.run_now(self.periodic.name)

    async def look(self) -> None:
        """Read the file if that was asked for, or if it has changed."""
        if not self._settled_at_start:  # the file was valid at the start, which settles an earlier announcement
            await self._announce_valid()
            self._settled_at_start = True
        requested, self._asked = self._asked, False
        try:
            if requested or await self._is_settled():
                await self.read(requested=requested)
        except StorageError:
            self._read, self._content = NEVER, None  # so that it is read, and reported, again
            raise

    async def _is_settled(self) -> bool:
        """Whether the file has changed, but not since the last look: it may be half written."""
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

    async def read(self, *, requested: bool = False) -> None:
        """1. Read and validate the whole file; 2. put it in force, or keep the previous one; 3. report that."""
        async with self._turn:
            self._path = self._find() or self._path
            stamp, digest = await asyncio.to_thread(_stamp, self._path), await asyncio.to_thread(_digest, self._path)
            if digest == self._content and not requested:
                self._read = stamp
                return
            try:
                loaded = await asyncio.to_thread(policy_reader.read, self._path)
            except PolicyError as error:
                await self._keep_previous(InvalidFile(digest, error), again=digest != self._content)
            else:
                await self._put_in_force(loaded, requested=requested)
            self._read, self._content = stamp, digest

    async def _put_in_force(self, loaded: LoadedPolicy, *, requested: bool) -> None:
        before = self._context.policies.document
        differs = sorted(key for key in {*before, *loaded.document} if before.get(key) != loaded.document.get(key))
        corrected, self.trouble = self.trouble is not None, None
        self._metrics.policy_stale.set(0)
        self._metrics.policy_reloads.labels("in_force" if differs else "unchanged").inc()
        for warning in loaded.warnings if differs else ():
            log.warning("policy.warning", detail=warning)
        if not differs:
            if requested or corrected:
                log.info("policy.unchanged", file=str(self._path), detail="the file is the policy in force")
        else:
            self._context.policies.put_in_force(loaded.policy, loaded.document)
            log.info(
                "policy.in_force", file=str(self._path), policy=loaded.policy.name, digest=loaded.policy.digest[:12],
                changed=differs, detail="it applies to incidents declared from now on; earlier ones keep theirs",
            )  # fmt: skip
        if differs:
            self._changed()
        await self._announce_valid()

    async def _keep_previous(self, invalid: InvalidFile, *, again: bool) -> None:
        self.trouble = f"the policy file cannot be used ({invalid.count}); the previous one stays in force"
        self._metrics.policy_stale.set(1)
        self._metrics.policy_reloads.labels("refused").inc()
        log.error(
            "policy.refused", file=str(self._path), problems=str(invalid.error).splitlines(),
            hint="the previous policy stays in force; correct the file, and check it with `tocsin check`",
        )  # fmt: skip
        if again:
            await self._announce_mistakes(invalid)

    async def _announce_mistakes(self, invalid: InvalidFile) -> None:
        """Tell the announcement channel, once for all replicas, without the wrong values: they may be secrets."""
        if not self._context.policy.announce:
            return
        first = invalid.error.problems[0]
        async with self._context.database.transaction() as conn:
            last = await key_value.POLICY_REJECTION.get(conn) or {"number": 0, "digest": None}
            if last["digest"] == invalid.digest:
                return
            number = last["number"] + 1
            await key_value.POLICY_REJECTION.put(conn, {"number": number, "digest": invalid.digest})
            summary = {"count": invalid.count, "line": first.line, "key": path_text(first.path)}
            await enqueue.put(conn, [routing.policy_refused(number, summary), *_settle_announcement(last)])
        self._context.wakeups.notify()

    async def _announce_valid(self) -> None:
        async with self._context.database.transaction() as conn:
            last = await key_value.POLICY_REJECTION.get(conn)
            if last and last["digest"]:
                await key_value.POLICY_REJECTION.put(conn, {**last, "digest": None})
                await enqueue.put(conn, _settle_announcement(last))
            await home_tab.refresh_all(conn, self._context.clock.now())
        self._context.wakeups.notify()


def _settle_announcement(last: dict[str, int | str | None]) -> list[Notice]:
    """The edit that settles the last announcement, if that is still open."""
    return [routing.policy_valid(int(last["number"] or 0))] if last["digest"] else []


def _stamp(path: Path | None) -> Stamp | None:
    """The stamp of the file; None if there is no file."""
    try:
        status = path.stat() if path else None
    except OSError:
        return None
    return (status.st_mtime_ns, status.st_size, status.st_ino) if status else None


def _digest(path: Path | None) -> str:
    """The digest of the file's bytes; empty if there is no file."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() if path else ""
    except OSError:
        return ""
