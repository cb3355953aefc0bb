"""Starts one command with limits, and kills every process of it at the end; a separate program.

It uses the standard library only, and is started for each command as `python -I -S supervisor.py STATUS_FD`. Standard
input gives it one line of JSON; the end of the input means that the bot is gone or wants the command stopped. How the
command ended is written to STATUS_FD.

Everything that the command starts stays a descendant of this process, even if it leaves its group or session, or
outlives its parent: this process adopts orphans (Linux: PR_SET_CHILD_SUBREAPER). So all of it can be found and killed.

The kernel bounds how many processes there can be, whatever this process is able to see in time: by their user
(RLIMIT_NPROC), and by a control group if the bot may create one.
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
from collections.abc import Iterator

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
PR_SET_CHILD_SUBREAPER = 36
GRACE_S = 1.0
POLL_S = 0.05
KILLED_WITHIN_S = 30.0  # a process that does not end by then waits in the kernel, and ends when that lets it go
PRIORITY = -10  # this process acts on a busy machine, too; only root can ask for it


def main() -> None:
    """Run the command that the first line of standard input specifies; report its end on descriptor `argv[1]`."""
    status = int(sys.argv[1])
    spec = json.loads(_first_line())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    group = _create_control_group(kernel_limit(spec["processes"]))
    spec["limits"]["NPROC"] = _processes_of_user(spec) + kernel_limit(spec["processes"]) + spec["processes_of_others"]
    error_read, error_write = os.pipe()  # closed by exec; only the reason of a failed start comes through
    child = os.fork()
    if child == 0:
        _become(spec, error_write, group)
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
    os.close(error_write)
    error = os.read(error_read, 1000).decode("utf-8", "replace")
    if error:
        os.waitpid(child, 0)
        _remove_control_group(group)
        _tell(status, {"how": "not_started", "words": error})
        return
    os.close(1)
    os.close(2)
    how, code = _watch(child, woken, spec)
    killed = _kill_all(child if how in ("timed_out", "stopped") else None)
    if killed > spec["processes"]:
        how = "too_many"
    _remove_control_group(group)
    _tell(status, {"how": how, "code": code, "left": killed})


def kernel_limit(processes: int) -> int:
    """The kernel's limit of processes: a few more than the command may have, so that too many can be seen."""
    return processes + max(8, processes // 8)


def _first_line() -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        chunk = os.read(0, 65536)
        if not chunk:
            sys.exit(1)
        line += chunk
    return line


def _become(spec: dict, error_fd: int, group: str | None) -> None:  # type: ignore[type-arg]  # JSON
    """In the child: give up everything inherited, apply the limits, and replace it with the program."""
    try:
        os.setsid()
        if group is not None:
            _write(f"{group}/cgroup.procs", "0")
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
            os.initgroups(spec["user"], spec["gid"]) if spec["user"] else os.setgroups([])
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
    """Wait until the command ends, times out, starts too many processes, or is to be stopped.

    A fork bomb may die of the kernel's limit between two looks. Only processes that a look has seen are reaped, so if
    the limit was reached in between, those of the next look and the reaped ones are together as many as it permits.
    """
    ends_at, reaped = time.monotonic() + spec["timeout_s"], 0
    while True:
        ready, _, _ = select.select([0, woken], [], [], POLL_S)
        if woken in ready:
            os.read(woken, 4096)
        tree = _tree(os.getpid())
        if len(tree) > spec["processes"] or len(tree) + reaped >= kernel_limit(spec["processes"]):
            return "too_many", 0
        codes = _reap(child, *tree)
        reaped = len(codes)
        if child in codes:
            return "ended", codes[child]
        if 0 in ready:
            return "stopped", 0
        if time.monotonic() >= ends_at:
            return "timed_out", 0


def _reap(*pids: int) -> dict[int, int]:
    """Reap those children that have ended. Returns their exit codes; negative: the signal that ended it."""
    codes = {}
    for pid in pids:
        with contextlib.suppress(ChildProcessError):  # a grandchild
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                codes[pid] = os.waitstatus_to_exitcode(status)
    return codes


def _kill_all(polite: int | None = None) -> int:
    """Kill all descendants; returns how many there were.

    1. Send SIGTERM to the process group `polite`, and give it a second. 2. Stop all, so that none starts another.
    3. Kill them. 4. Repeat until none is left.
    """
    root = os.getpid()
    if polite is not None:
        _signal_group(polite, signal.SIGTERM)
        patience = time.monotonic() + GRACE_S
        while _descendants(root) and time.monotonic() < patience:
            time.sleep(0.01)
            _reap(*_tree(root))
    killed = 0
    gives_up_at = time.monotonic() + KILLED_WITHIN_S
    while alive := stop_all(root):
        for pid in alive:
            _signal(pid, signal.SIGKILL)
        killed = max(killed, len(alive))
        if time.monotonic() > gives_up_at:
            break
        time.sleep(0.01)
        _reap(*_tree(root))
    if polite is not None and not os.path.isdir("/proc/self"):  # not Linux: kill at least its group
        _signal_group(polite, signal.SIGKILL)
    return killed


def stop_all(root: int) -> list[int]:
    """Stop all descendants of a process, so that none starts another. Returns those that have not ended."""
    stopped: set[int] = set()
    while fresh := [pid for pid in _descendants(root) if pid not in stopped]:
        for pid in fresh:
            _signal(pid, signal.SIGSTOP)
        stopped.update(fresh)
    return _descendants(root)


def _descendants(root: int) -> list[int]:
    """All descendants of a process that have not ended."""
    return [pid for pid in _tree(root) if not _has_ended(pid)]


def _tree(root: int) -> list[int]:
    """All descendants of a process, and those that have ended and wait to be reaped.

    While this looks, a process may end and its children move to `root`: so that is looked at until nothing is new.
    """
    tree: dict[int, None] = {}
    while queue := [pid for pid in _children(root) if pid not in tree]:
        while queue:
            pid = queue.pop()
            tree[pid] = None
            queue += [child for child in _children(pid) if child not in tree]
    return list(tree)


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
    """The child processes of a process, found slowly by looking up the parent of every process."""
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


def _processes_of_user(spec: dict) -> int:  # type: ignore[type-arg]  # JSON
    """The number of the command's user's processes as RLIMIT_NPROC counts them: each thread, and zombies, too."""
    uid, count = os.getuid() if spec["uid"] is None else spec["uid"], 0
    for entry in filter(str.isdecimal, os.listdir("/proc") if os.path.isdir("/proc/self") else ()):
        with contextlib.suppress(OSError), open(f"/proc/{entry}/status", errors="replace") as file:
            fields = dict(line.split(":", 1) for line in file if line.startswith(("Uid:", "Threads:")))
            count += int(fields.get("Threads", 1)) if int(fields["Uid"].split()[0]) == uid else 0
    return count


def control_group(parent: str, pid: int) -> str:
    """The control group of the command that the supervisor with this number looks after."""
    return f"{parent}/tocsin-{pid}"


def _create_control_group(processes: int) -> str | None:
    """Create a control group with at most so many processes. None if the bot may not create one."""
    for parent in control_group_parents():
        group = control_group(parent, os.getpid())
        with contextlib.suppress(OSError):
            os.rmdir(group)  # of an earlier process with this number
        with contextlib.suppress(OSError):
            os.mkdir(group)
            _write(f"{group}/pids.max", str(processes))
            return group
        with contextlib.suppress(OSError):
            os.rmdir(group)
    return None


def control_group_parents() -> Iterator[str]:
    """The control groups in which the bot may create another: its own (v1), or the one delegated to it (v2).

    In version 2 processes and limits are not in the same group, so the bot needs systemd's `Delegate=` and
    `DelegateSubgroup=`: https://systemd.io/CGROUP_DELEGATION/
    """
    with contextlib.suppress(OSError), open("/proc/self/cgroup", encoding="utf-8") as file:
        for line in file:
            _, controllers, path = line.rstrip("\n").split(":", 2)
            if "pids" in controllers.split(","):
                yield f"/sys/fs/cgroup/pids{path}"
            elif not controllers and path != "/":
                parent = os.path.dirname(f"/sys/fs/cgroup{path}")
                if os.getxattr(parent, "user.delegate") == b"1":
                    with contextlib.suppress(OSError):
                        _write(f"{parent}/cgroup.subtree_control", "+pids")
                    yield parent


def _remove_control_group(group: str | None) -> None:
    """Kill what is left in a control group, and remove it."""
    if group is None:
        return
    with contextlib.suppress(OSError):
        _write(f"{group}/cgroup.kill", "1")  # since Linux 5.14, in version 2
    gives_up_at = time.monotonic() + GRACE_S
    while time.monotonic() < gives_up_at:
        _reap(*_tree(os.getpid()))  # an ended process is a member until it is reaped
        with contextlib.suppress(OSError):
            os.rmdir(group)
            return
        time.sleep(0.01)


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


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
