"""Keeps one command: starts it bounded, and leaves nothing of it behind. A program of its own, standard library only.

It is started for each command as `python -I -S keeper.py STATUS_FD`. On standard input comes one line of JSON; the end
of that input means that the bot is gone, or wants it stopped. What becomes of the command is written to STATUS_FD.

Everything the command starts stays below this process, also what leaves its group or session or outlives its parent,
since this process takes in orphans (Linux: PR_SET_CHILD_SUBREAPER). So all of it can be found, and killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import sys
import time

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
PR_SET_CHILD_SUBREAPER = 36
GRACE_S = 1.0
LOOK_S = 0.05


def main() -> None:
    status = int(sys.argv[1])
    spec = json.loads(_first_line())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    said, say = os.pipe()  # closed by exec; what comes through is why it could not be started
    child = os.fork()
    if child == 0:
        _become(spec, say)
    os.close(say)
    trouble = os.read(said, 1000).decode("utf-8", "replace")
    if trouble:
        os.waitpid(child, 0)
        _tell(status, {"how": "not_started", "words": trouble})
        return
    os.close(1)
    os.close(2)
    how, code = _watch(child, woken, spec)
    left = _kill_all(child, politely=how != "ended")
    _tell(status, {"how": how, "code": code, "left": left})


def _first_line() -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        invocation = os.read(0, 65536)
        if not invocation:
            sys.exit(1)
        line += invocation
    return line


def _become(spec: dict, say: int) -> None:  # type: ignore[type-arg]  # JSON
    """In the child: everything is given up, then the program takes its place."""
    try:
        os.setsid()
        null = os.open("/dev/null", os.O_RDONLY)
        os.dup2(null, 0)
        for name in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else range(256):
            if int(name) > 2 and int(name) != say:
                with contextlib.suppress(OSError):
                    os.close(int(name))
        os.set_inheritable(say, False)
        os.umask(0o077)
        for one in range(1, signal.NSIG):
            if one not in (signal.SIGKILL, signal.SIGSTOP):
                with contextlib.suppress(OSError, ValueError):
                    signal.signal(one, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        for limit, value in spec["limits"].items():
            number = getattr(resource, f"RLIMIT_{limit}")
            _, hard = resource.getrlimit(number)
            most = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(number, (most, most))
        if spec["uid"] is not None:
            os.initgroups(spec["user"], spec["gid"])
            os.setgid(spec["gid"])
            os.setuid(spec["uid"])
        _prctl(PR_SET_NO_NEW_PRIVS, 1)
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.chdir(spec["directory"])
        os.execve(spec["program"], spec["argv"], spec["environment"])  # noqa: S606 - no shell: that is the point
    except BaseException as error:  # noqa: BLE001 - whatever it is: nothing of ours may go on in the child
        os.write(say, (getattr(error, "strerror", None) or str(error) or type(error).__name__).encode()[:900])
    os._exit(126)


def _watch(child: int, woken: int, spec: dict) -> tuple[str, int]:  # type: ignore[type-arg]  # JSON
    """Until it ends, its time is over, it starts too much, or nobody wants it any more."""
    ends_at = time.monotonic() + spec["timeout_s"]
    code = None
    while code is None:
        ready, _, _ = select.select([0, woken], [], [], LOOK_S)
        if woken in ready:
            os.read(woken, 4096)
        code = _reap(child)
        if code is not None:
            break
        if 0 in ready:
            return "stopped", 0
        if time.monotonic() >= ends_at:
            return "timed_out", 0
        if len(_below()) > spec["processes"]:
            return "too_many", 0
    return "ended", code


def _reap(child: int) -> int | None:
    """Take in what has ended; the child's code where it was among them (negative: the signal that ended it)."""
    code = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return code
        if pid == 0:
            return code
        if pid == child:
            code = os.waitstatus_to_exitcode(status)


def _kill_all(child: int, *, politely: bool) -> int:
    """Whatever is left below us; how much that was. First it is asked, where it is the command itself."""
    if politely:
        _signal_group(child, signal.SIGTERM)
        patience = time.monotonic() + GRACE_S
        while _below() and time.monotonic() < patience:
            time.sleep(0.01)
            _reap(0)
    killed = 0
    while found := _below():
        stopped: set[int] = set()
        while fresh := [pid for pid in _below() if pid not in stopped]:  # what is stopped starts nothing new
            for pid in fresh:
                _signal(pid, signal.SIGSTOP)
            stopped.update(fresh)
        for pid in stopped:
            _signal(pid, signal.SIGKILL)
        killed = max(killed, len(found))
        time.sleep(0.01)
        _reap(0)
    if not os.path.isdir("/proc/self"):  # no Linux: then at least its group
        _signal_group(child, signal.SIGKILL)
    return killed


def _below() -> list[int]:
    """Every process below this one."""
    found, look = [], [os.getpid()]
    while look:
        pid = look.pop()
        for child in _children(pid):
            found.append(child)
            look.append(child)
    return [pid for pid in found if not _is_over(pid)]


def _children(pid: int) -> list[int]:
    found = []
    try:
        threads = os.listdir(f"/proc/{pid}/task")  # a child belongs to the thread that started it
    except OSError:
        return []
    for thread in threads:
        try:
            with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as file:
                found += [int(one) for one in file.read().split()]
        except FileNotFoundError:
            if os.path.isdir(f"/proc/{pid}/task/{thread}"):  # a kernel that does not list them
                return _children_by_parent(pid)
        except OSError:
            continue
    return found


def _children_by_parent(pid: int) -> list[int]:
    """The slow way: ask every process for its parent."""
    found = []
    for one in filter(str.isdecimal, os.listdir("/proc")):
        with contextlib.suppress(OSError, IndexError), open(f"/proc/{one}/stat", errors="replace") as file:
            if int(file.read().rpartition(")")[2].split()[1]) == pid:
                found.append(int(one))
    return found


def _is_over(pid: int) -> bool:
    """A zombie has ended, and only waits to be taken in."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] in "ZX"
    except (OSError, IndexError):
        return True


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, number)


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(OSError):
        os.killpg(pid, number)


def _prctl(option: int, value: int) -> None:
    """Raises `OSError` where the kernel has none of it."""
    if sys.platform != "linux":
        return
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the kernel refused a safeguard")


def _tell(status: int, what: dict) -> None:  # type: ignore[type-arg]  # JSON
    os.write(status, json.dumps(what).encode())


if __name__ == "__main__":
    main()
