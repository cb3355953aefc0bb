"""Supervises one command: starts it with limits and leaves no process of it behind. A separate program.

It uses the standard library only, and is started for each command as `python -I -S supervisor.py STATUS_FD`. Standard
input gives it one line of JSON; the end of the input means that the bot is gone or wants the command stopped. How the
command ended is written to STATUS_FD.

Everything that the command starts stays a descendant of this process, even if it leaves its group or session, or
outlives its parent: this process adopts orphans (Linux: PR_SET_CHILD_SUBREAPER). So all of it can be found and killed.
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
POLL_S = 0.05


def main() -> None:
    """Run the command that the first line of standard input specifies; report its end on descriptor `argv[1]`."""
    status = int(sys.argv[1])
    spec = json.loads(_first_line())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    error_read, error_write = os.pipe()  # closed by exec; only the reason of a failed start comes through
    child = os.fork()
    if child == 0:
        _become(spec, error_write)
    os.close(error_write)
    error = os.read(error_read, 1000).decode("utf-8", "replace")
    if error:
        os.waitpid(child, 0)
        _tell(status, {"how": "not_started", "words": error})
        return
    os.close(1)
    os.close(2)
    how, code = _watch(child, woken, spec)
    left = _kill_all(child, politely=how != "ended")
    _tell(status, {"how": how, "code": code, "left": left})


def _first_line() -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        chunk = os.read(0, 65536)
        if not chunk:
            sys.exit(1)
        line += chunk
    return line


def _become(spec: dict, error_fd: int) -> None:  # type: ignore[type-arg]  # JSON
    """In the child: give up everything inherited, apply the limits, and replace it with the program."""
    try:
        os.setsid()
        null = os.open("/dev/null", os.O_RDONLY)
        os.dup2(null, 0)
        for name in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else range(256):
            if int(name) > 2 and int(name) != error_fd:
                with contextlib.suppress(OSError):
                    os.close(int(name))
        os.set_inheritable(error_fd, False)
        os.umask(0o077)
        for number in range(1, signal.NSIG):
            if number not in (signal.SIGKILL, signal.SIGSTOP):
                with contextlib.suppress(OSError, ValueError):
                    signal.signal(number, signal.SIG_DFL)
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
        os.execve(spec["program"], spec["argv"], spec["environment"])  # noqa: S606 - deliberately without a shell
    except BaseException as error:  # noqa: BLE001 - whatever it is: none of our code may go on in the child
        os.write(error_fd, (getattr(error, "strerror", None) or str(error) or type(error).__name__).encode()[:900])
    os._exit(126)


def _watch(child: int, woken: int, spec: dict) -> tuple[str, int]:  # type: ignore[type-arg]  # JSON
    """Wait until the command ends, times out, starts too many processes, or is to be stopped."""
    ends_at = time.monotonic() + spec["timeout_s"]
    code = None
    while code is None:
        ready, _, _ = select.select([0, woken], [], [], POLL_S)
        if woken in ready:
            os.read(woken, 4096)
        code = _reap(child)
        if code is not None:
            break
        if 0 in ready:
            return "stopped", 0
        if time.monotonic() >= ends_at:
            return "timed_out", 0
        if len(_descendants()) > spec["processes"]:
            return "too_many", 0
    return "ended", code


def _reap(child: int) -> int | None:
    """Reap ended processes. Returns the child's exit code if it was among them; negative: the signal that ended it."""
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
    """Kill all descendants; returns how many there were. `politely` sends the command SIGTERM first."""
    if politely:
        _signal_group(child, signal.SIGTERM)
        patience = time.monotonic() + GRACE_S
        while _descendants() and time.monotonic() < patience:
            time.sleep(0.01)
            _reap(0)
    killed = 0
    while alive := _descendants():
        stopped: set[int] = set()
        while fresh := [pid for pid in _descendants() if pid not in stopped]:  # a stopped process starts no new ones
            for pid in fresh:
                _signal(pid, signal.SIGSTOP)
            stopped.update(fresh)
        for pid in stopped:
            _signal(pid, signal.SIGKILL)
        killed = max(killed, len(alive))
        time.sleep(0.01)
        _reap(0)
    if not os.path.isdir("/proc/self"):  # not Linux: kill at least its group
        _signal_group(child, signal.SIGKILL)
    return killed


def _descendants() -> list[int]:
    """All descendants of this process that have not ended."""
    descendants, queue = [], [os.getpid()]
    while queue:
        for child in _children(queue.pop()):
            descendants.append(child)
            queue.append(child)
    return [pid for pid in descendants if not _has_ended(pid)]


def _children(pid: int) -> list[int]:
    """The child processes of a process. A child belongs to the thread that started it."""
    children = []
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    for thread in threads:
        try:
            with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as file:
                children += [int(pid_text) for pid_text in file.read().split()]
        except FileNotFoundError:
            if os.path.isdir(f"/proc/{pid}/task/{thread}"):  # a kernel without this list
                return _children_by_parent(pid)
        except OSError:
            continue
    return children


def _children_by_parent(pid: int) -> list[int]:
    """The slow way: look up the parent of every process."""
    children = []
    for entry in filter(str.isdecimal, os.listdir("/proc")):
        with contextlib.suppress(OSError, IndexError), open(f"/proc/{entry}/stat", errors="replace") as file:
            if int(file.read().rpartition(")")[2].split()[1]) == pid:
                children.append(int(entry))
    return children


def _has_ended(pid: int) -> bool:
    """Whether a process has ended. A zombie has, and only waits to be reaped."""
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
    """Set a process option on Linux. Raises `OSError` if the kernel refuses it; without effect elsewhere."""
    if sys.platform != "linux":
        return
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the kernel refused a safeguard")


def _tell(status: int, message: dict) -> None:  # type: ignore[type-arg]  # JSON
    os.write(status, json.dumps(message).encode())


if __name__ == "__main__":
    main()
