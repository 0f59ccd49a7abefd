"""Ctrl-C stops code that runs in the engine at once: Python looks for signals between its own instructions only.

The C half of Python's signal handling writes a byte to a pipe; a thread waits there, and stops the engine. What a
trap's first Python instruction would make of the signal is lost in native code, so the engine is told what to raise.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

running: list[Callable[[], None]] = []
"""How each engine whose code runs is stopped, one inside of the other."""
_watched = False
_AGAIN_S = 0.02


def watch() -> None:
    """From now on Ctrl-C stops what ``running`` names.

    Where Python's own handler is not the one, or signals are another thread's or library's, it is answered when code
    next comes back to Python.
    """
    global _watched
    if _watched:
        return
    _watched = True
    if threading.current_thread() is not threading.main_thread():
        return
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return
    out, into = os.pipe()
    os.set_blocking(into, False)
    other = signal.set_wakeup_fd(into, warn_on_full_buffer=False)
    if other != -1:
        signal.set_wakeup_fd(other)
        os.close(out)
        os.close(into)
        return
    threading.Thread(target=_wait, args=(out,), name="ctrl-c", daemon=True).start()
    before = sys.unraisablehook

    def unraisable(told: Any) -> None:
        if told.exc_type is not KeyboardInterrupt:
            before(told)

    sys.unraisablehook = unraisable


def _wait(out: int) -> None:
    while told := os.read(out, 64):
        if signal.SIGINT in told and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            stop = running[-1] if running else None
            while stop and running and running[-1] is stop:  # again, should the engine just have been about to start
                stop()
                time.sleep(_AGAIN_S)


def _forked() -> None:
    """A child of fork has no thread that waits."""
    global _watched
    if _watched and threading.current_thread() is threading.main_thread():
        signal.set_wakeup_fd(-1)
    _watched = False
    running.clear()


os.register_at_fork(after_in_child=_forked)
