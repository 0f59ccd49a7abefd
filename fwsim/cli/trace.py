"""``fwsim trace``: the group of commands about a run's events; each is in ``fwsim/cli/trace_<name>.py``."""

from fwsim.cli import common

COMMANDS: dict[str, str] = {
    "show": "Show a run's events, folded or one a line.",
    "query": "Ask a run's events by SQL.",
    "diff": "Compare two runs: where they part, and what differs.",
    "export": "Write a run's events as another program reads them.",
    "import": "Read a real machine's log, and compare it with a run.",
    "replay": "Run a ROM against a recorded trace.",
}
"""Each command with the line that ``fwsim trace --help`` shows."""

app = common.group(
    "trace", COMMANDS, "Show, query, compare, export, import and replay the events of runs.",
    epilog="Example: fwsim trace show runs/demo/qemu-10.0 -v 0",
)  # fmt: skip
