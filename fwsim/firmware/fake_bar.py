"""Stolen memory and OpRegion lie behind a dummy MMIO BAR: who holds it, and what a guest does to it.

No firmware has to know of the IGD then: it places one more BAR, and the device model answers BDSM and ASLS with
addresses inside. The price is told by ``steps``: a BAR can be switched off and moved, memory can not.
Sources: Linux drivers/pci/probe.c (decoding off for each register sized, to 6.14; once a function from 6.15 on), QEMU
hw/pci/pci.c (a 32-bit BAR that ends at FFFFFFFF is mapped nowhere), ACRN pull request 3208 (a Windows 10 guest sizes
with decoding on, and a device model that takes the value literally moves the BAR), PCI-to-PCI bridge specification.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

from msgspec import Struct
from msgspec.structs import replace

from fwsim.errors import FwsimError
from fwsim.exactness import Exactness, Known, of_each
from fwsim.firmware.interface import Allocator, typed
from fwsim.firmware.request import IGD_BDF, Bar, Bridge, Function, Options, Placement, Request, Step
from fwsim.firmware.seabios import SEABIOS
from fwsim.firmware.seabios.place import load_int
from fwsim.memory.ranges import Range, align_up
from fwsim.units import format_size

Holder = Literal["igd", "isa", "bridge", "device"]
Guest = Literal["linux", "linux-6.15", "windows"]
HOLDERS: tuple[Holder, ...] = get_args(Holder)
GUESTS: tuple[Guest, ...] = get_args(Guest)
_PAGE, _MIB, _FOUR_GIB = 0x1000, 1 << 20, 1 << 32
_ISA = (0xF8, 0x08)
"""The LPC bridge at 00:1f.0 where there is one, else the PIIX3 at 00:01.0."""


class _Dummy(Struct, frozen=True):
    """The dummy BAR: its holder, which BAR it is, and the registers of the holder that an OS sizes."""

    holder: str
    function: Function
    bar: Bar
    registers: tuple[str, ...]

    @property
    def name(self) -> str:
        """BAR5 of 00:02.0."""
        return f"BAR{self.bar.index} of {self.function.bdf_text}"

    @property
    def shared(self) -> str:
        """What else stops working while the holder's memory decoding is off."""
        if self.holder == "igd":
            return "registers and aperture of the IGD are gone as well"
        return "devices behind the bridge are cut off as well" if self.holder == "bridge" else ""


class FakeBarOptions(Options, frozen=True, kw_only=True):
    """Who holds the dummy BAR, and what the guest does to it."""

    holder: Holder = "igd"
    guest: Guest = "linux"


class FakeBar(Allocator):
    """The allocator's row; BARs are placed by SeaBIOS's rules."""

    name = "fake-bar"
    title = "SeaBIOS with a dummy BAR"
    versions = SEABIOS.versions
    default_version = SEABIOS.default_version
    options = FakeBarOptions
    calls_vbios = True

    def knows_version(self, version: str) -> bool:
        """SeaBIOS's versions, as people write them."""
        return SEABIOS.knows_version(version)

    def exactness(self, version: str, options: Options) -> Exactness:
        """The BARs are placed as SeaBIOS does; that stolen memory may lie behind one is a proposal."""
        proposal = Known("assumed", "a proposal: no device model that is shipped answers BDSM and ASLS from a BAR")
        return {**SEABIOS.exactness(version, SEABIOS.options()), **of_each("bdsm asls", proposal)}

    def place(self, request: Request) -> Placement:
        """Place BARs as SeaBIOS does, the dummy among them.

        Raises FwsimError for an IGD whose BAR5 is in use, or where there is no ISA bridge to hold the dummy.
        """
        options = typed(request.options, FakeBarOptions)
        holder, guest = options.holder, options.guest
        stolen, opregion = load_int(request.bdsm_file), align_up(request.opregion_size or 0, _PAGE)
        plain = replace(request, opregion_size=None, bdsm_file=None)
        if not stolen and not opregion:
            return SEABIOS.place(plain)
        dummy, functions = _with_dummy(request, holder, 1 << max(stolen + opregion - 1, _PAGE - 1).bit_length())
        if dummy.bar.size >= _FOUR_GIB:
            return _no_room(SEABIOS.place(plain), dummy)
        out = SEABIOS.place(replace(plain, functions=functions))
        base = out.bars.get((dummy.function.bdf, dummy.bar.index), 0)
        if not base or not any(function.bdf == IGD_BDF for function in request.functions):
            return _no_room(out, dummy)
        _answer(request, out, base, stolen)
        out.behind_bar.append((base, base + dummy.bar.size))
        out.held.append((dummy.function, dummy.bar.index))
        out.notes.append(
            f"{format_size(dummy.bar.size)} behind {dummy.name} at {base:#x}, for {format_size(stolen)} of stolen "
            f"memory and {format_size(opregion)} of OpRegion: no e820 entry names it"
        )
        out.steps += _steps(guest, dummy, functions, base, out)
        return out


FAKE_BAR = FakeBar()
place = FAKE_BAR.place


def _answer(request: Request, out: Placement, base: int, stolen: int) -> None:
    """What the device model answers: stolen memory at the BAR's start, which is aligned, the OpRegion behind it."""
    if stolen:
        out.bdsm[IGD_BDF], out.bdsm_size[IGD_BDF] = base, stolen
        out.bdsm_register[IGD_BDF] = 0xC0 if request.host.gen >= 11 else 0x5C
    if request.opregion_size:
        out.asls[IGD_BDF] = base + align_up(stolen, _PAGE)


def _no_room(out: Placement, dummy: _Dummy) -> Placement:
    out.notes.append(f"no room for {dummy.name}: {dummy.bar.size:#x} bytes, 32-bit, a power of two")
    return out


def _with_dummy(request: Request, holder: Holder, size: int) -> tuple[_Dummy, tuple[Function, ...]]:
    """The dummy BAR, and the functions with it: 32-bit, since ASLS and BDSM before gen 11 have no more."""
    rows = {function.bdf: function for function in request.functions}
    if holder == "igd":
        bar, bdf = Bar(5, size, "mem"), IGD_BDF
        if bdf not in rows:
            raise FwsimError(
                "no IGD to hold the BAR", where="--slot", found="nothing at 00:02.0", expected="the IGD there",
                hint="--slot 00:02.0, or --holder device",
            )  # fmt: skip
        if any(other.index == 5 or (other.index == 4 and other.is64) for other in rows[bdf].bars):
            raise FwsimError(
                "two claim BAR5 of 00:02.0", where="--bars", found="the IGD's own and the dummy",
                expected="one of them", hint="--holder device",
            )  # fmt: skip
    elif holder == "isa":
        bar, bdf = Bar(0, size, "mem"), next((at for at in _ISA if at in rows), -1)
        if bdf < 0:
            raise FwsimError("no ISA bridge", found="neither 00:1f.0 nor 00:01.0", hint="--holder device")
    else:
        bar, bdf = Bar(0, size, "mem"), _free_slot(rows)
        if holder == "bridge":
            rows[bdf] = Function(bdf, 0x1B36, 0x0001, 0x060400, bridge=Bridge(secondary=1))
        else:
            rows[bdf] = Function(bdf, 0x1B36, 0x0005, 0x050000)
    rows[bdf] = replace(rows[bdf], bars=(*rows[bdf].bars, bar))
    dummy = _Dummy(holder, rows[bdf], bar, tuple(_sized(rows[bdf], holder)))
    return dummy, tuple(rows[key] for key in sorted(rows))


def _free_slot(rows: dict[int, Function]) -> int:
    taken = {bdf >> 3 for bdf in rows}
    free = next((slot for slot in range(3, 32) if slot not in taken), None)
    if free is None:
        raise FwsimError("no free slot for the dummy BAR's device", found="32 taken", expected="one free on bus 0")
    return free << 3


def _sized(function: Function, holder: str) -> Iterator[str]:
    """The registers that an OS sizes: six, two on a bridge, upper halves left out, then the ROM's."""
    skip = {bar.index + 1 for bar in function.bars if bar.is64}
    yield from (f"BAR{index}" for index in range(2 if holder == "bridge" else 6) if index not in skip)
    yield "ROM"


def _steps(guest: Guest, dummy: _Dummy, functions: tuple[Function, ...], base: int, out: Placement) -> list[Step]:
    """What the guest does from firmware to driver, and what that does to the memory behind the BAR."""
    at = f"{base:#x}-{base + dummy.bar.size - 1:#x}"
    gone = "scan-out and GTT: DMA faults on every page; OpRegion: ACPI methods read FF"
    off = f"{gone}; {dummy.shared}" if dummy.shared else gone
    steps = [Step(f"firmware: {dummy.name} placed", at)]
    if guest == "linux":
        count = len(dummy.registers)
        for number, register in enumerate(dummy.registers, 1):
            text = f"Linux sizes {register} of {dummy.function.bdf_text} ({number} of {count}), decoding off"
            steps.append(Step(text, "nothing", off))
            steps.append(Step("decoding on again", at))
    elif guest == "linux-6.15":
        steps.append(Step(f"Linux sizes all of {dummy.function.bdf_text}, decoding off once", "nothing", off))
        steps.append(Step("decoding on again", at))
    else:
        steps += _windows(dummy, base, at, gone)
    if guest == "windows" and dummy.holder == "igd":
        steps.append(
            Step("Windows' Intel driver starts", at, f"it finds BAR{dummy.bar.index}, which no IGD has: it may refuse")
        )
    elif guest == "windows" and dummy.holder == "device":
        steps.append(Step("Windows has no driver for the device", at, "an unknown device in the manager", sure=False))
    moved = _elsewhere(dummy, functions, out)
    if moved is not None:
        text = f"{moved:#x}-{moved + dummy.bar.size - 1:#x}"
        old = f"BDSM {base:#x} and ASLS keep the old place: every GTT entry and the OpRegion lead nowhere until a reset"
        how = "pci=realloc or hotplug" if guest.startswith("linux") else "rebalancing"
        steps.append(Step(f"if the guest moves the BAR ({how})", text, old, sure=False))
    return steps


def _windows(dummy: _Dummy, base: int, at: str, gone: str) -> Iterator[Step]:
    """Sizing with decoding on: only the register that is written moves."""
    literal = _FOUR_GIB - dummy.bar.size
    over = "the flash, LAPIC and IOAPIC" if literal <= 0xFEC00000 else "the flash"
    for register in dummy.registers:
        if register == f"BAR{dummy.bar.index}":
            yield Step(
                f"Windows writes FFFFFFFF to {dummy.name}, decoding on", f"nothing in QEMU; elsewhere {literal:#x}",
                f"{gone}; a device model that takes it literally puts it over {over}",
            )  # fmt: skip
            yield Step(f"Windows restores {base:#x}", at)
        else:
            yield Step(f"Windows sizes {register} of {dummy.function.bdf_text}, decoding on", at)


def _elsewhere(dummy: _Dummy, functions: tuple[Function, ...], out: Placement) -> int | None:
    """Where in the 32-bit window the BAR could go as well: the highest aligned place clear of every BAR."""
    window = out.windows.get("mem32")
    if window is None:
        return None
    sizes = {(f.bdf, bar.index): bar.size for f in functions for bar in f.bars if bar.kind != "io"}
    taken = [Range(at, at + sizes[key]) for key, at in out.bars.items() if key in sizes]
    size = dummy.bar.size
    place = (window[1] - size) // size * size
    while place >= window[0] and any(other.overlaps(place, size) for other in taken):
        place -= size
    return place if place >= window[0] else None
