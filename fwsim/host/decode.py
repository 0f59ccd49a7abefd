"""A machine is identified: the cpu's family by its ids, registers out of configuration space, and what follows."""

from fwsim.host.facts import Area, Dumps, Fact, locate
from fwsim.host.gather import Gathered
from fwsim.host.lspci import Function
from fwsim.registers.device_ids import DEVICE_IDS
from fwsim.registers.families import family, family_of_device
from fwsim.registers.family import Family
from fwsim.results.summary import E820Range
from fwsim.units import MIB

IGD, BRIDGE, LPC = "00:02.0", "00:00.0", "00:1f.0"
INTEL = 0x8086
NOT_INTEL = "is not Intel's"
QEMU_BRIDGES = {0x1237: "QEMU's i440FX", 0x29C0: "QEMU's Q35"}
"""Host bridges that QEMU gives a guest; Q35's 29c0 is a G33's as well, which no IGD of gen 4 or later goes with."""

_IDS = {IGD: "device_id", BRIDGE: "host_bridge_id", LPC: "lpc_id"}
_BRIDGE_GEN6 = (("bdsm", 0xB0), ("bgsm", 0xB4), ("tseg", 0xB8), ("tolud", 0xBC))
_BRIDGE_GEN4 = (("bdsm", 0xA4), ("bgsm", 0xA8), ("tseg", 0xAC))
_UNPRIVILEGED = 64
_IOMEM_TYPES = {
    "system ram": "RAM", "reserved": "RESERVED", "acpi tables": "ACPI", "acpi non-volatile storage": "NVS",
    "graphics stolen memory": "RESERVED", "ram buffer": "", "unusable memory": "UNUSABLE",
}  # fmt: skip


def decode(found: Gathered) -> Family | None:
    """Turn the functions of ``found`` into facts of its ``dumps``; the family, None where no id tells."""
    dumps = found.dumps
    for function, file in found.functions:
        _identify(dumps, function, file)
    fam = _family(dumps)
    if fam is None:
        return None
    dumps.cpu = fam.name
    _guest(dumps, fam)
    for function, file in sorted(found.functions, key=lambda row: row[0].bdf != IGD):  # its own copies count first
        if function.bdf == IGD:
            _igd(dumps, fam, function, file)
        elif function.bdf == BRIDGE:
            _bridge(dumps, fam, function, file)
    _derive(dumps, fam)
    dumps.bars = _one_each(dumps.bars, fam)
    if not dumps.e820:
        _map_of_iomem(dumps)
    return fam


def _identify(dumps: Dumps, function: Function, file: str) -> None:
    for line in function.clashes[:1] if function.bdf in _IDS else ():
        dumps.say("warning", locate(file, line), f"{function.bdf} is shown twice, with other bytes; the first counts",
                  hint="keep one machine's dumps in a folder")  # fmt: skip
    device, how = function.read(2, 2), f"config 0x02 of {function.bdf}"
    vendor, line = function.read(0, 2), function.line_of(0)
    if vendor == 0xFFFF:
        dumps.say("warning", locate(file, line), f"{function.bdf} did not answer", "ff ff", "86 80",
                  "wake the device, and dump it again")  # fmt: skip
        function.bytes_at = {}
    if vendor in (None, 0xFFFF):
        device, vendor, line, how = function.device, function.vendor, function.line, f"the ids of {function.bdf}"
    name = _IDS.get(function.bdf)
    if not name or not device:
        return
    if function.bdf == IGD and function.driver[0]:
        dumps.driver, dumps.driver_from = function.driver[0], locate(file, function.driver[1])
    if vendor != INTEL:
        dumps.say("warning", locate(file, line), f"{function.bdf} {NOT_INTEL}", f"{vendor:04x}:{device:04x}", "8086",
                  "name the dumps of a machine with an Intel IGD at 00:02.0")  # fmt: skip
        function.bytes_at = {}
        return
    rank = 0 if function.bytes_at else 2
    kind = {IGD: "class", BRIDGE: "bridge_class"}.get(function.bdf)
    if kind and function.class_code is not None and function.read(9, 3) is None:
        code, words = function.class_code << 8, f"the class of {function.bdf}"
        dumps.facts.append(Fact(name=kind, value=code, file=file, line=function.line, how=words, rank=2))
    dumps.facts.append(Fact(name=name, value=device, file=file, line=line, how=how, rank=rank))
    if function.bytes_at and max(function.bytes_at) < _UNPRIVILEGED and name != "lpc_id":
        dumps.say("warning", locate(file, line), f"only the first 64 bytes of {function.bdf}: lspci ran without root",
                  f"{len(function.bytes_at)} bytes", "256 bytes or more", "sudo lspci -xxxx")  # fmt: skip


def _family(dumps: Dumps) -> Family | None:
    fact = dumps.best("device_id")
    if fact is None:
        return None
    known = family_of_device(fact.value)
    if known:
        dumps.cpu_from = f"device id {fact.value:04x}, {fact.place}"
        return known
    near = next((name for name, ids in DEVICE_IDS.items() if fact.value >> 8 in {each >> 8 for each in ids}), "")
    if not near:
        dumps.say("warning", fact.place, "no known Intel graphics device", f"{fact.value:04x}",
                  hint="set host.cpu by hand: fwsim run host.toml --set host.cpu=FAMILY")  # fmt: skip
        return None
    dumps.say("warning", fact.place, f"unknown device id, taken as {near}: its ids begin so", f"{fact.value:04x}")
    dumps.cpu_from = f"device id {fact.value:04x} is near others of it"
    return family(near)


def _guest(dumps: Dumps, fam: Family) -> None:
    bridge = dumps.best("host_bridge_id")
    if bridge and bridge.value in QEMU_BRIDGES and fam.host_bridge_id != bridge.value:
        dumps.guest_of = QEMU_BRIDGES[bridge.value]
        dumps.say("warning", bridge.place, f"a guest's dumps: the bridge is {dumps.guest_of}",
                  f"8086:{bridge.value:04x}", f"8086:{fam.host_bridge_id:04x} or another of {fam.title}",
                  "fwsim check judges a guest; dump the host for a host file")  # fmt: skip


def _add(dumps: Dumps, function: Function, file: str, name: str, at: int, width: int, mask: int = -1) -> None:
    value = function.read(at, width)
    if value is not None:
        how = f"config {at:#04x} of {function.bdf}"
        line = function.line_of(at)
        dumps.facts.append(Fact(name=name, value=value & mask, file=file, line=line, how=how))


def _igd(dumps: Dumps, fam: Family, function: Function, file: str) -> None:
    if fam.ggc_igd is not None:
        _add(dumps, function, file, "ggc", fam.ggc_igd, 2)
    if fam.bdsm_register is not None:
        _add(dumps, function, file, "bdsm", fam.bdsm_register, fam.bdsm_width)
    if fam.bdsm_register == 0xC0:
        _add(dumps, function, file, "old_bdsm", 0x5C, 4)
    if fam.gen >= 3:
        _add(dumps, function, file, "asls", 0xFC, 4)
    for name, at, width in (("revision", 8, 1), ("class", 9, 3), ("subsystem", 0x2C, 4)):
        _add(dumps, function, file, name, at, width)
    for bar in fam.bars:
        value = function.read(bar.offset, 8 if bar.is64 else 4)
        if bar.kind == "io" or value is None:
            continue
        base, line = value & ~0xF, function.line_of(bar.offset)
        size = next((size for index, at, size, _ in function.regions if (index, at) == (bar.index, base)), bar.size)
        area = Area(start=base, end=base + size, label=f"BAR{bar.index} ({bar.role})", file=file, line=line)
        dumps.bars.insert(0, area)
    if not function.bytes_at:
        dumps.bars += [
            Area(start=at, end=at + size, label=f"BAR{index}", file=file, line=line)
            for index, at, size, line in function.regions
        ]


def _bridge(dumps: Dumps, fam: Family, function: Function, file: str) -> None:
    _add(dumps, function, file, "bridge_class", 9, 3)
    if not dumps.guest_of:
        _add(dumps, function, file, "ggc", fam.ggc_bridge, 2)
    if dumps.guest_of == QEMU_BRIDGES[0x29C0] or (not dumps.guest_of and fam.gen >= 4):
        _add(dumps, function, file, "pciexbar", 0x60, 8)
    if dumps.guest_of or fam.gen < 4 or fam.pte == "vlv" or fam.name == "cherryview":
        return
    rows = _BRIDGE_GEN6 if fam.gen >= 6 else _BRIDGE_GEN4
    for name, at in rows:
        if not (name == "bdsm" and (fam.gen >= 11 or fam.bdsm_register is None)):
            _add(dumps, function, file, name, at, 4)
    if fam.gen < 6:
        value = function.read(0xB0, 2)
        if value is not None:
            how, line = "config 0xb0 of 00:00.0", function.line_of(0xB0)
            dumps.facts.append(Fact(name="tolud", value=(value & 0xFFF0) << 16, file=file, line=line, how=how))


def _derive(dumps: Dumps, fam: Family) -> None:
    """What no source says but several imply: GGC from the sizes of the log, BDSM from what is kept at its end."""
    size, reach = dumps.best("stolen_size"), dumps.best("gtt_reach")
    if size and dumps.best("ggc") is None:
        code = fam.gms.encode(size.value)
        entries = reach.value // 4096 * fam.pte_width if reach else 0
        gtt = fam.ggms.encode(entries) if fam.ggms else 0
        if code is not None:
            value = code | (gtt or 0)
            how = f"from {size.value // MIB} MiB of stolen memory" + (f", {entries // MIB} MiB of GTT" if gtt else "")
            dumps.facts.append(Fact(name="ggc", value=value, file=size.file, line=size.line, how=how, rank=5))
    reserved, usable = dumps.best("stolen_reserved"), dumps.best("stolen_usable")
    if reserved and reserved.value & 1 and usable and fam.gen >= 6:
        base = reserved.value & (~0x3FFFF if fam.gen == 7 else -MIB)
        if base < usable.value:
            return
        how = "STOLEN_RESERVED less what is usable below it"
        file, line = reserved.file, reserved.line
        dumps.facts.append(Fact(name="bdsm", value=base - usable.value, file=file, line=line, how=how, rank=5))


def _one_each(bars: list[Area], fam: Family) -> list[Area]:
    """Each memory BAR once: by its number, else by its address."""
    found: dict[str, Area] = {}
    seen: set[int] = set()
    for bar in bars:
        known = fam.bar(int(bar.label[3])) if bar.label[:3] == "BAR" and bar.label[3:4].isdigit() else None
        if known and known.kind == "io":
            continue
        key = bar.label[:4] if known else ""
        if (key in found) or (not key and bar.start in seen):
            continue
        seen.add(bar.start)
        name = f"BAR{known.index} ({known.role})" if known else f"00:02.0 at {bar.start:#x}"
        found[key or name] = Area(start=bar.start, end=bar.end, label=name, file=bar.file, line=bar.line)
    return sorted(found.values(), key=lambda bar: bar.label)


def _map_of_iomem(dumps: Dumps) -> None:
    """Without a kernel log /proc/iomem's own types stand for the firmware's map."""
    rows: list[E820Range] = []
    for area in dumps.iomem:
        kind = _IOMEM_TYPES.get(area.label.lower(), "")
        if kind and not (rows and rows[-1].start <= area.start < rows[-1].end):
            rows.append(E820Range(start=area.start, end=area.end, type=kind))
    if any(row.type == "RAM" for row in rows):
        dumps.e820, dumps.e820_from = rows, f"{dumps.iomem[0].file} (no BIOS-e820 lines were found)"
