"""What a user's files say, nothing concluded yet: machine, VM, messages and faults, each with its file and line."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import field

from fwsim.host.facts import Dumps

Tool = Literal["qemu", "proxmox", "libvirt", "xl", "bhyve", "crosvm", "acrn"]
"""Whose words a remedy is in: QEMU's options, a line of 100.conf, XML, xl.cfg, bhyve's arguments."""


class Evidence(msgspec.Struct, kw_only=True, frozen=True):
    """A line of a file. ``line`` counts from 1, 0 for a file without lines; ``text`` is printable, of 240 at most."""

    file: str
    line: int = 0
    text: str = ""

    @property
    def place(self) -> str:
        """``file:line``."""
        return f"{self.file}:{self.line}" if self.line else self.file


class Setting(msgspec.Struct, kw_only=True, frozen=True):
    """One setting of a VM. ``assumed``: nobody wrote it, the tool or release takes it; ``evidence`` says why."""

    value: str | int | bool
    evidence: Evidence
    assumed: bool = False


class Vm(msgspec.Struct, kw_only=True):
    """A virtual machine as its configuration has it.

    ``settings`` by name, in words that are the same for every tool: ``machine`` (pc, q35), ``ram`` (bytes), ``cpus``,
    ``cpu``, ``firmware`` (seabios, ovmf, hvmloader, ...), ``host`` (the host's function), ``slot`` (00:02.0),
    ``romfile``, ``rombar`` (bool), ``x-vga``, ``x-igd-gms``, ``x-igd-opregion``, ``x-igd-lpc``, ``x-igd-legacy-mode``,
    ``vga`` (none, std, qxl, ...), ``qemu`` (release), ``hostdev-managed``. What was not understood is in ``unread``.
    """

    tool: Tool
    name: str = ""
    settings: dict[str, Setting] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)

    def value(self, name: str) -> str | int | bool | None:
        """The setting's value, None where there is none."""
        found = self.settings.get(name)
        return found.value if found else None


class Unread(msgspec.Struct, kw_only=True, frozen=True):
    """Something that could not be read, and why; ``expected`` is what it should have been."""

    file: str
    line: int = 0
    why: str = ""
    expected: str = ""


class Seen(msgspec.Struct, kw_only=True, frozen=True):
    """A message that fwsim knows: ``id`` of its row, the line, and what the row's pattern found by name."""

    id: str
    evidence: Evidence
    groups: dict[str, str] = field(default_factory=dict)


class Fault(msgspec.Struct, kw_only=True):
    """A refused DMA access, ``count`` times: ``page`` is the address, ``reason`` the code in the kernel's table, -1
    unknown; ``evidence`` is the first."""

    evidence: Evidence
    function: str = "00:02.0"
    page: int = 0
    write: bool = False
    reason: int = -1
    count: int = 1


class Case(msgspec.Struct, kw_only=True):
    """All of it. ``host`` and ``guest`` are the dumps of each, ``guest_files`` the names of the guest's.

    ``seen`` has the first ``SEEN_MAX`` lines of each row, ``counts`` how many there were; ``faults`` the first
    ``FAULTS_MAX`` distinct ones, ``more_faults`` how many came after. ``suppressed``: faults that the kernel did not
    print. ``interrupts``: interrupts of the device that were refused. ``others``: faults of other devices.
    """

    host: Dumps = field(default_factory=Dumps)
    guest: Dumps | None = None
    vms: list[Vm] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    more_faults: int = 0
    suppressed: int = 0
    interrupts: list[Evidence] = field(default_factory=list)
    others: dict[str, int] = field(default_factory=dict)
    guest_files: list[str] = field(default_factory=list)
    symptoms: list[str] = field(default_factory=list)
    """Words such as "Code 43" that were said in place of a file."""
    unread: list[Unread] = field(default_factory=list)
    packed: dict[str, bytes] = field(default_factory=dict)
    """The bytes of OpRegion, ROM and EDIDs that are no plain file, by kind, for who has to write them."""

    @property
    def vm(self) -> Vm | None:
        """The VM in question, None where no configuration was given."""
        return self.vms[0] if self.vms else None

    @property
    def tool(self) -> Tool:
        """In whose words remedies are told: the configuration's tool, else what the logs show, else QEMU's."""
        if self.vms:
            return self.vms[0].tool
        for seen in self.seen:
            tool = TOOLS.get(seen.id) or SPEAKERS.get(seen.id.partition("-")[0])
            if tool is not None:
                return tool
        return "qemu"

    def of(self, *ids: str) -> list[Seen]:
        """The messages of these rows, as they came."""
        return [each for each in self.seen if each.id in ids]


SEEN_MAX, FAULTS_MAX = 64, 65536
"""A log of any length is kept in so much memory."""
TOOLS: dict[str, Tool] = {
    "proxmox-kernel": "proxmox", "xen-dmesg": "xl", "xcp-kernel": "xl", "bhyve-log": "bhyve",
    "unraid-kernel": "libvirt", "libvirt-log": "libvirt",
}  # fmt: skip
"""Rows of messages that tell which tool is used."""
SPEAKERS: dict[str, Tool] = {"qm": "proxmox", "xen": "xl", "xl": "xl", "hvmloader": "xl"}
"""How the ids of rows begin of which every one tells it."""
