"""The allocators' interface: one firmware's way of placing things, with the facts by which others judge it.

Whoever judges a placement asks the allocator; nobody compares its name. So a subclass under another name is judged as
its parent is, and an installed package's as the facts say that it gives.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Literal, TypeVar, get_args

from fwsim.exactness import Exactness, Known, of_each
from fwsim.firmware.callers import ROM_STACK, Caller
from fwsim.firmware.request import Function, Options, Placement, Request
from fwsim.registers.family import Family

SizeSource = Literal["file", "ggc", "host", "nobody"]
SIZE_SOURCES: tuple[SizeSource, ...] = get_args(SizeSource)
_OptionsT = TypeVar("_OptionsT", bound=Options)
_Q35_ECAM = (0xB0000000, 0xC0000000)
"""Where SeaBIOS enables PCIEXBAR (SeaBIOS src/fw/pciinit.c, mch_mmconfig_setup)."""


class Allocator(ABC):
    """One firmware. Subclass it, give it a name, its versions and ``place``; the facts have QEMU guests' defaults."""

    name: ClassVar[str] = ""
    """What ``firmware.kind`` and ``--firmware`` call it; an installed one's is its entry point's."""
    title: ClassVar[str] = ""
    """How its makers write it; left out, the name."""
    versions: ClassVar[tuple[str, ...]] = ("",)
    default_version: ClassVar[str] = ""
    options: ClassVar[type[Options]] = Options
    """The struct of its options; each field has a default."""
    guest_of: ClassVar[str] = "qemu"
    """Whose guests it is the firmware of: qemu, xen, bhyve, acrn, crosvm or another hypervisor's name."""
    uefi: ClassVar[bool] = False
    """Whether it is UEFI firmware: its guest needs no VGA ranges, and so no legacy mode."""
    calls_vbios: ClassVar[bool] = False
    """Whether it calls legacy video BIOSes itself. Where it does not, a run calls them all the same and says so."""
    knows_igd: ClassVar[bool] = True
    """Whether it is told of the IGD: it reads the fw_cfg files, or its device model acts. Else nothing is expected."""
    maps_stolen: ClassVar[bool] = True
    """Whether stolen memory is really at BDSM; False: the guest is told an address, and nothing is mapped there."""
    image: ClassVar[str] = ""
    """The firmware image that is executed where the scenario names none; "" for a model."""
    places_io_bars: ClassVar[bool] = True
    at_host_base: ClassVar[bool] = False
    """Whether it means to have stolen memory where the host has it, whatever the generation."""
    whole_pages: ClassVar[bool] = False
    """Whether the OpRegion takes whole pages, the rest of the last one zeroed."""

    @abstractmethod
    def place(self, request: Request) -> Placement:
        """Place what ``request`` asks for. Firmware that cannot allocate says so in the placement, it does not raise.

        Raises FwsimError for a version or machine that this firmware has no rules for.
        """

    def knows_version(self, version: str) -> bool:
        """Whether there are rules for ``version``, as people write it; "" is the default one."""
        return not version or version in self.versions

    def exactness(self, version: str, options: Options) -> Exactness:
        """How well the numbers of ``version`` are known: bdsm, asls, bars, e820, as far as it places them."""
        return of_each("bdsm asls bars e820", Known("assumed", f"{self.shown} says nothing of where they come from"))

    def rom_stack(self, version: str) -> int:
        """SP at an option ROM's entry: of other firmware that of fwsim's services, which are SeaBIOS 1.16.2's."""
        return ROM_STACK

    def callers(self, version: str, options: Options) -> tuple[Caller, ...]:
        """Who calls a legacy video BIOS's init, in order: SeaBIOS, or fwsim in its manner."""
        return (Caller(stack=self.rom_stack(version)),)

    def size_from(self, options: Options) -> SizeSource:
        """Where the size of stolen memory comes from: a fw_cfg file, GGC, the host; or nobody, and there is none."""
        return "file"

    def announced(self, family: Family, device: int, ggc: int, options: Options) -> int:
        """Bytes of stolen memory that GGC says, read as this firmware reads it (the family's way for the others)."""
        return family.gms.decode(ggc)

    def ecam(self, machine: str, version: str) -> tuple[int, int] | None:
        """(First, end) of the ECAM of its guests; None without one. A placement's own ``ecam`` counts instead."""
        return _Q35_ECAM if machine == "q35" else None

    def has_chip(self, machine: str, bdf: int) -> bool:
        """Whether its guest has the function ``bdf`` of the chipset that QEMU's ``machine`` has there."""
        return True

    def ram_left(self, request: Request) -> tuple[int, int] | None:
        """Bytes of RAM below and above 4 GiB once it has moved some out of its BARs' way; None: it moves none."""
        return None

    def sees_bridges(self, options: Options) -> bool:
        """Whether ``fwsim alloc`` may put devices on buses beyond 00, each bus behind a root port made for it."""
        return False

    def heeds_bridge(self, version: str) -> bool:
        """Whether BARs depend on the subsystem id of 00:00.0, which legacy mode makes the host's."""
        return False

    def why_none(self, request: Request, display: Function, out: Placement) -> str:
        """Why ``out`` has no stolen memory for ``display``, where log, warnings and notes do not say it; "" if so."""
        return "" if any(request.bdsm_file or b"") else "no stolen memory was asked for"

    def why_no_opregion(self, request: Request, display: Function, out: Placement) -> str:
        """Why ``out`` has no OpRegion for ``display``, where log, warnings and notes do not say it; "" if so.

        Most look at the same things before either.
        """
        return self.why_none(request, display, out) if any(request.bdsm_file or b"") else ""

    @property
    def shown(self) -> str:
        """What people call it."""
        return self.title or self.name


def typed(options: Options | None, kind: type[_OptionsT]) -> _OptionsT:
    """``options`` where they are of ``kind``, else its defaults: what another allocator was given is not meant."""
    return options if isinstance(options, kind) else kind()
