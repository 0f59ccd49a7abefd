"""Vectors measured with Xen's hvmloader, asked of the allocator: pci.c of c447b73 compiled, as it is and with what the
MMCONFIG series of March 2026 changes in pci_setup (patches 10 and 11).
"""

from fwsim.firmware import hvmloader
from fwsim.firmware.hvmloader import PAGE_SHIFT, HvmloaderOptions
from fwsim.firmware.request import ROM_BAR, Bar, Cpu, Function, Request


def number(text):
    return int(text, 16)


def function(given):
    bars = tuple(Bar(row["index"], number(row["size"]), row["kind"], row["is64"]) for row in given["bars"])
    ids = (number(given[key]) for key in ("vendor", "device", "class_code"))
    return Function(given["devfn"], *ids, bars, number(given["rom_size"]))


def asked(given):
    options = HvmloaderOptions(
        low_mem_pgend=number(given["low_mem_pgend"]), high_mem_pgend=number(given["high_mem_pgend"]),
        allow_relocate=bool(given["allow_memory_relocate"]), mmio_hole_size=number(given["mmio_hole_size"]),
        rmrr=tuple((number(start), number(size)) for start, size in given["rmrr"]),
        ecam=number(given["ecam"]) if "ecam" in given else HvmloaderOptions().ecam,
    )  # fmt: skip
    return Request(
        machine="q35" if "ecam" in given else "pc", version="mmconfig" if "ecam" in given else "",
        ram=number(given["ram"]), functions=tuple(function(row) for row in given["functions"]),
        cpu=Cpu("GenuineIntel", given["phys_bits"]), options=options,
    )  # fmt: skip


def left(each, out):
    """What a function's registers hold afterwards, without a BAR's flags."""
    row = {
        "devfn": each.bdf,
        "command": out.command[each.bdf],
        "bars": {bar.index: out.bars.get((each.bdf, bar.index), 0) for bar in each.bars},
    }
    if each.rom_size:
        row["rom"] = out.bars.get((each.bdf, ROM_BAR), 0)  # the enable bit stays clear
    return row


def pci_setup(vector):
    request = asked(vector["in"])
    out = hvmloader.place(request)
    hole = hvmloader.grow_hole(request)
    assert out.windows["mem32"][0] == hole.start
    return {
        "pci_mem_start": hole.start,
        "low_mem_pgend": hole.low_pages,
        "high_mem_pgend": hole.high_pages,
        "igd_opregion_page": next(iter(out.asls.values()), 0) >> PAGE_SHIFT,
        "pciexbar": out.pciexbar,
        "functions": [left(each, out) for each in request.functions],
    }


ROWS = [("xen-hvmloader", "pci_setup", pci_setup), ("hvmloader-mmconfig", "pci_setup", pci_setup)]
