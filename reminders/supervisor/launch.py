"""Become another program, having asked the kernel to be killed when the supervisor dies.

Run as a script in front of every child: ``python -I -S launch.py SUPERVISOR_PID PROGRAM [ARGUMENT…]``.
A script and not a ``preexec_fn``, because Python code between fork and exec can deadlock where the parent has threads.
"""

import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def become(supervisor_pid: int, argv: list[str]) -> None:
    """Replace this process by ``argv``; end with a line on stderr when that is impossible."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415  only here: this script runs in front of every child and must be quick

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != supervisor_pid:  # it died before we asked, so nobody will ever tell us
            sys.exit("the supervisor is gone")
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and an ignored signal outlives exec
    try:
        os.execvp(argv[0], argv)  # noqa: S606  no shell is the point
    except OSError as error:
        sys.exit(f"cannot start {argv[0]}: {error.strerror}")


if __name__ == "__main__":
    become(int(sys.argv[1]), sys.argv[2:])
