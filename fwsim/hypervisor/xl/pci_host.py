"""xl's devices against the host that has them, the machine that gets them, and the window that shows them.

Source: Xen tools/libs/light/libxl_pci.c, libxl_arm.c; xen-devel, 17 July 2020, for Arm's backend.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from fwsim.errors import FwsimError
from fwsim.hypervisor.xl.pci_spec import XlDevice, bdf_text, nearest
from fwsim.hypervisor.xl.xl_pci import XlPci, once
from fwsim.units import MIB

BUS = MIB
"""Bytes of ECAM that a bus takes: 256 functions of 4 KiB (PCI Express Base 7.2.2)."""
_MOST_NAMED = 12


def resolved(found: XlPci, functions: Collection[int], machine: str = "pc") -> XlPci:
    """Each device as one function of the host: names looked up, ``*`` become the functions that there are.

    ``functions``: the host's, as sbdf; ``machine`` as ``guest.machine`` has it. Raises FwsimError, pointing at
    the entry, for a function that the host does not have, a name that is none, and what Arm does not do.
    """
    rows: list[XlDevice] = []
    by_device: dict[int, list[int]] = {}
    for sbdf in sorted(functions):
        by_device.setdefault(sbdf >> 3, []).append(sbdf)
    for each in found.devices:
        sbdf = _named(each, found.names) if each.sbdf is None else each.sbdf
        there = by_device.get(sbdf >> 3, [])
        if not there or not (each.every or sbdf in there):
            raise _absent(each, sbdf, sorted(functions))
        if not each.every:
            rows.append(replace(each, sbdf=sbdf))
            continue
        if each.vslot is None:
            raise each.error("bdf", "no slot for a multi-function device", expected=f"a slot, such as {each.title}@8",
                             hint="libxl says: Must specify a v-slot for multi-function devices")  # fmt: skip
        rows += [replace(each, sbdf=one, every=False, function=one & 7) for one in there]
    once(rows)
    made = replace(found, devices=tuple(rows))
    return on_arm(made) if machine.startswith("arm") else made


def _named(device: XlDevice, names: Sequence[tuple[str, int]]) -> int:
    known = dict(names)
    if device.name not in known:
        hint = nearest(device.name, list(known)) or f'assignable = ["{device.name}=BDF"] names it'
        raise device.error(
            "name", "no assignable device has this name", expected=", ".join(known) or "a BDF", hint=hint
        )
    return known[device.name]


def _absent(device: XlDevice, sbdf: int, functions: Sequence[int]) -> FwsimError:
    """The host's functions that are shown are those of the device's own bus first."""
    near = sorted(functions, key=lambda each: (each >> 8 != sbdf >> 8, each))[:_MOST_NAMED]
    return device.error(
        "bdf", "no such function in the host", expected=", ".join(map(bdf_text, near)) or "a host that has functions",
        hint=f'[[host_function]] slot = "{bdf_text(sbdf)}" adds it to the host',
    )  # fmt: skip


def on_arm(found: XlPci) -> XlPci:
    """``found`` for a guest on Arm: there vPCI is every device's backend, said or not.

    Raises FwsimError for another backend ("For the time being Arm will require backend=vpci for all the passed through
    devices"), and for sync_pt (libxl_arm.c).
    """
    for each in found.devices:
        if each.backend not in ("", "vpci"):
            raise each.error(
                "backend", f"no backend on Arm: {each.backend}", expected="vpci",
                hint="for the time being Arm requires backend=vpci for all passed-through devices",
            )  # fmt: skip
    if found.passthrough == "sync_pt":
        raise found.passthrough_at.error(
            'passthrough="sync_pt" not supported on ARM', 0, len("sync_pt"), expected="enabled or share_pt",
            hint="enabled is share_pt there",
        )  # fmt: skip
    return replace(found, devices=tuple(replace(each, backend="vpci") for each in found.devices))


def check_window(found: XlPci, size: int, segment: int = 0) -> None:
    """Raises FwsimError for a device that ECAM of ``size`` bytes for ``segment`` has no place for: a MiB a bus.

    It is for a guest that sees its host's numbers, behind bridges as the host's are.
    """
    buses = size // BUS
    for each in found.devices:
        if each.sbdf is None:
            continue
        if each.sbdf >> 16 != segment:
            raise each.error(
                "bdf", "in another segment than the window", expected=f"segment {segment:04x}",
                hint="one host bridge is one segment; a single made-up bridge shows any device on bus 0",
            )  # fmt: skip
        if each.sbdf >> 8 & 0xFF >= buses:
            raise each.error("bdf", "past the buses of the window",
                             expected=f"a bus up to {max(buses - 1, 0):02x}: the window has {buses} MiB, a MiB a bus",
                             hint="make the window larger, or show the device on a lower bus")  # fmt: skip
