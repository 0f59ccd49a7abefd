"""A ``fwsim`` for shells that is there at once: a fork of one process that has imported everything.

The pages' two hundred commands would else start two hundred interpreters. A command is a process of its own all the
same, with the shell's files, folder and environment; what a real start imports, ``cli/test_main.py`` asks.
"""

import atexit
import gc
import marshal
import os
import pkgutil
import select
import socket
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import fwsim
from fwsim import cli

CLIENT = """#!{python} -IS
import _socket, marshal, posix, sys
from array import array
server = _socket.socket(_socket.AF_UNIX)
server.connect({address!r})
server.sendmsg([b"-"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, array("i", (0, 1, 2)))])
asked = marshal.dumps((sys.argv[1:], posix.getcwd(), posix.environ))
while asked:
    asked = asked[server.send(asked) :]
server.shutdown(_socket.SHUT_WR)
posix._exit((server.recv(1) or b"\\xff")[0])
"""
"""No modules but built-in ones: it starts in ten milliseconds. No answer, as of a killed command: 255."""


def start(folder: Path) -> subprocess.Popen[bytes]:
    """Make ``folder`` with the program ``fwsim`` in it; its other end lives until ``stdin`` is closed."""
    folder.mkdir()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / "socket"))
    listener.listen()
    client = folder / "fwsim"
    client.write_text(CLIENT.format(python=sys.executable, address=str(folder / "socket")))
    client.chmod(0o755)
    with listener:
        return subprocess.Popen(
            [sys.executable, __file__, str(listener.fileno())],
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # a fork has no other thread than its own
            stdin=subprocess.PIPE, pass_fds=[listener.fileno()],
        )  # fmt: skip


def serve(listener: socket.socket) -> None:
    """Fork for every command that is asked for, until standard input ends."""
    for module in pkgutil.walk_packages(fwsim.__path__, "fwsim."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    gc.freeze()
    running = set()
    while listener in select.select([listener, sys.stdin], [], [])[0]:
        asking, _ = listener.accept()
        child = os.fork()
        if child == 0:
            listener.close()
            answer(asking)
        asking.close()
        running = {each for each in running | {child} if os.waitpid(each, os.WNOHANG) == (0, 0)}


def answer(asking: socket.socket) -> None:
    """Be the command that is asked for, and end as it does."""
    _, files, _, _ = socket.recv_fds(asking, 1, 3)
    with asking.makefile("rb") as stream:
        arguments, folder, environment = marshal.loads(stream.read())
    os.chdir(folder)
    os.environ.clear()
    os.environ.update({os.fsdecode(name): os.fsdecode(value) for name, value in environment.items()})
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    code = cli.main(arguments)
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    asking.send(bytes([code]))
    os._exit(code)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
