"""``fwsim host``: the group of commands about a real machine's dumps; each is in ``fwsim/cli/host_<name>.py``."""

from fwsim.cli import common

COMMANDS: dict[str, str] = {
    "import": "Make a host file of dumps, each value with its source.",
    "groups": "Show the IOMMU groups, and why functions share one.",
    "capture": "Collect the dumps on a live Linux machine.",
}
"""Each command with the line that ``fwsim host --help`` shows."""

app = common.group(
    "host", COMMANDS, "Turn a real machine's dumps into a host file, and collect them.",
    epilog="Example: fwsim host import dumps --out host.toml",
)  # fmt: skip
