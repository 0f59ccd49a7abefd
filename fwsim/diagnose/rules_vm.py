"""Rules over a VM's configuration: the hypervisor's model is asked what comes of it, and each reason has its line.

No condition of legacy mode stands here a second time: the model refuses, what it refuses for is put right, and it is
asked again, until nothing is left. The words of a refusal are those of ``fwsim.hypervisor.qemu``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from fwsim.diagnose.case import Case, Evidence, Unread, Vm
from fwsim.diagnose.finding import Finding, Severity
from fwsim.diagnose.remedies import remedy
from fwsim.diagnose.vm import model
from fwsim.diagnose.vm.choose import has_igd
from fwsim.errors import FwsimError
from fwsim.hypervisor.interface import IGD, LPC_BRIDGE, Assignment, Choice, Device
from fwsim.hypervisor.kinds import DEFAULT, hypervisor
from fwsim.hypervisor.qemu import steps
from fwsim.registers.families import family
from fwsim.rom.chain import Rom, inspect

Change = Callable[[Choice, Device], tuple[Choice, Device]]
_MOST = 12
"""Rounds of asking: more than there are reasons."""


class Obstacle(Struct, frozen=True):
    """A reason against legacy mode, by how its words begin: which settings or facts show it, and how it goes away."""

    words: str
    shown_by: tuple[str, ...]
    remedy: str
    id: str
    put_right: Change


OBSTACLES: tuple[Obstacle, ...] = (
    Obstacle("switched off", ("x-igd-legacy-mode",), "legacy-mode", "legacy-mode-off",
             lambda choice, device: (replace(choice, legacy="auto"), device)),
    Obstacle(steps.OTHER_SLOT, ("slot",), "slot", "slot-not-02",
             lambda choice, device: (choice, replace(device, devfn=IGD))),
    Obstacle("the machine is not", ("machine",), "machine-pc", "machine-q35",
             lambda choice, device: (choice, replace(device, machine="pc"))),
    Obstacle(steps.OCCUPIED, ("at-1f", "machine"), "lpc-1f", "lpc-slot-taken",
             lambda choice, device: (choice, replace(device, machine="pc", at_1f="free"))),
    Obstacle(steps.NO_ROM, ("rombar", "romfile"), "romfile", "no-rom",
             lambda choice, device: (choice, replace(device, romfile=True))),
    Obstacle("GMCH says", ("ggc",), "ivd", "vga-disabled",
             lambda choice, device: (choice, replace(device, ggc=device.ggc & ~2))),
    Obstacle("not of VGA class", ("class",), "class-0380", "class-0380",
             lambda choice, device: (choice, replace(device, class_code=0x030000))),
)  # fmt: skip
"""What a configuration or a host can have against legacy mode, in no order."""
_FIELDS = {"opregion": "x-igd-opregion", "lpc": "x-igd-lpc", "gms": "x-igd-gms", "legacy": "x-igd-legacy-mode"}
"""Field of a refusal: the setting that asks for it."""
_FIELD_REMEDIES = {"opregion": "opregion", "lpc": "lpc-1f", "gms": "gms-off", "legacy": "legacy-igd", "": "legacy-igd"}


def of_vm(case: Case) -> Iterator[Finding]:
    """Everything that the VM's configuration has against a screen."""
    if len(case.vms) > 1:
        yield _several(case)
        return
    vm = case.vm
    if vm is None:
        return
    yield from _unknown(case, vm)
    if not has_igd(vm):
        if "machine" in vm.settings and vm.value("gfx_passthru") is not True:
            yield _finding(case, vm, "no-igd", "note", f"the VM {vm.name} has no device 00:02.0 of the host's",
                           "no line of its configuration passes it", (), "no-igd")  # fmt: skip
        return
    yield from _partial(case, vm)
    for rule in (_assigned, _display, _proxmox, _libvirt, _xl, _bhyve, _rom):
        yield from rule(case, vm)


def _several(case: Case) -> Finding:
    first, *rest = case.vms
    names = ", ".join(f"{vm.name} ({_place(vm)})" for vm in case.vms)
    return Finding(
        id="several-vms", severity="warning", what=f"{len(case.vms)} VMs are described here: {names}",
        why="which of them is meant is not for fwsim to guess: none is judged", evidence=_any(first),
        also=[found for vm in rest if (found := _any(vm))][:3], remedy=f'say which: --vm "{first.name}"',
    )  # fmt: skip


def _place(vm: Vm) -> str:
    found = _any(vm)
    return found.place if found else vm.tool


def _any(vm: Vm) -> Evidence | None:
    """A line that shows the VM: the IGD's where it has one."""
    rows = [vm.settings[name] for name in ("host", "machine", *vm.settings) if name in vm.settings]
    return next((each.evidence for each in rows if each.evidence.line), rows[0].evidence if rows else None)


def _unknown(case: Case, vm: Vm) -> Iterator[Finding]:
    """Words that the tool does not know: it refuses them, or leaves them out without a word."""
    for each in vm.unread:
        if each.expected:
            yield Finding(
                id="vm-unknown-word", severity="warning", what=f"{each.why}: {each.expected} is meant?",
                why="the tool refuses it, or leaves it out: what was wanted does not come about",
                evidence=_evidence_of(vm, each), remedy=f"write {each.expected}",
            )  # fmt: skip


def _evidence_of(vm: Vm, unread: Unread) -> Evidence:
    """The line itself where a setting stands on it, else what was said of it."""
    rows = (each.evidence for each in vm.settings.values() if not each.assumed)
    here = next((each for each in rows if (each.file, each.line) == (unread.file, unread.line)), None)
    return here or Evidence(file=unread.file, line=unread.line, text=unread.why)


def _partial(case: Case, vm: Vm) -> Iterator[Finding]:
    """A virtual function, or a mediated device: no monitor hangs on it."""
    host = str(vm.value("host") or "")
    if host.startswith("00:02.") and host != "00:02.0":
        yield _finding(case, vm, "virtual-function", "fatal", f"{host} is a virtual function: it drives no monitor",
                       "SR-IOV shares the engines of the device; display, VBT and stolen memory stay the host's",
                       ("host",), "vf")  # fmt: skip
    elif "mdev" in vm.settings:
        window = vm.value("display") in ("on", "auto") or vm.value("vga") != "none"
        yield _finding(case, vm, "mediated-device", "note" if window else "fatal",
                       "a mediated device (GVT-g) drives no monitor",
                       "the guest's picture is in memory: a display window or a remote desktop shows it",
                       ("mdev",), "vf")  # fmt: skip
        if vm.value("x-vga") is True:
            yield _finding(case, vm, "mdev-x-vga", "fatal", "x-vga=on on a mediated device",
                           "it has no VGA ranges: QEMU does not start the VM", ("x-vga",), "mdev-x-vga")  # fmt: skip


# --- what the hypervisor's model makes of it -------------------------------------------------------------------------


def _assigned(case: Case, vm: Vm) -> Iterator[Finding]:
    choice = model.choice(case, vm)
    if choice is None and vm.value("hypervisor") == DEFAULT:
        told = model.release(case, vm)
        yield Finding(
            id="release-unknown", severity="note", what=f"QEMU {told.value} is a release that fwsim has no model of",
            why="the first with IGD assignment is 2.7: what this one makes of the VM is not judged",
            evidence=told.evidence, remedy=remedy("qemu-newer", vm.tool, vm),
        )  # fmt: skip
    if choice is None or vm.value("host") != "00:02.0":
        return
    device = model.device(case, vm)
    given = hypervisor(choice).assign(device)
    title = hypervisor(choice).title
    legacy_bios = vm.value("firmware") != "ovmf"
    if hypervisor(choice).mode and given.refusal:
        yield from _refused(case, vm, choice, device, given, legacy_bios)
    if given.error or given.aborted:
        words = given.error or given.aborted
        yield _finding(
            case, vm, "does-not-start", "fatal", f'{title} does not start the VM: "{words}"', given.refusal or words,
            (_FIELDS.get(given.error_field, ""), "slot"), _FIELD_REMEDIES[given.error_field],
        )  # fmt: skip
        return
    yield from _missing(case, vm, choice, device, given, legacy_bios)


def _refused(
    case: Case, vm: Vm, choice: Choice, device: Device, given: Assignment, legacy_bios: bool
) -> Iterator[Finding]:
    """Each reason, one after the other put right; what is no obstacle of the table's is told as the model says it."""
    title, refusal = hypervisor(choice).title, given.refusal
    severity = _weight(vm, given)
    for _ in range(_MOST):
        row = next((each for each in OBSTACLES if refusal.startswith(each.words)), None)
        said = next((words for words in given.messages if words.startswith("error:")), "")
        if row is None:
            yield _finding(case, vm, "no-legacy-mode", severity, f"no legacy mode under {title}: {refusal}",
                           _without(given, legacy_bios, said), ("host",), "no-legacy-generation")  # fmt: skip
            return
        key = "machine-pc" if row.id == "lpc-slot-taken" and device.machine == "q35" else row.remedy
        yield _finding(case, vm, row.id, severity, f"no legacy mode under {title}: {_worded(vm, row, refusal)}",
                       _without(given, legacy_bios, said), row.shown_by, key)  # fmt: skip
        choice, device = row.put_right(choice, device)
        given = hypervisor(choice).assign(device)
        if not given.refusal or given.refusal == refusal:
            return
        refusal = given.refusal


def _weight(vm: Vm, given: Assignment) -> Severity:
    """A vBIOS needs legacy mode, a GOP driver only the stolen memory and the OpRegion that may come with it."""
    if vm.value("firmware") == "ovmf":
        return "note" if given.own_bdsm and given.opregion else "warning"
    return "fatal" if "firmware" in vm.settings else "warning"


def _worded(vm: Vm, row: Obstacle, refusal: str) -> str:
    """The refusal with what the configuration has instead."""
    value = next((vm.settings[name] for name in row.shown_by if name in vm.settings), None)
    if value is None or row.id not in ("slot-not-02", "machine-q35", "lpc-slot-taken"):
        return refusal
    return f"{refusal} ({value.value}{', assumed' if value.assumed else ''})"


def _without(given: Assignment, legacy_bios: bool, said: str) -> str:
    """What follows from it for this guest, and QEMU's own words."""
    lost = ["no VGA ranges"] if not given.vga else []
    lost += ["no BDSM of its own"] if not given.own_bdsm else []
    lost += ["no OpRegion"] if not given.opregion else []
    lost += ["no LPC bridge of the host's ids"] if LPC_BRIDGE not in given.copies else []
    gets = f"the guest gets {', '.join(lost)}" if lost else "the guest gets BDSM and OpRegion all the same"
    need = "which its vBIOS needs" if legacy_bios else "a UEFI guest does without the VGA ranges"
    if not legacy_bios and not (given.own_bdsm and given.opregion):
        need += ", a GOP driver not without BDSM and OpRegion"
    return f"{gets}: {need}" + (f'; it says "{said.removeprefix("error: ")}"' if said else "")


def _missing(
    case: Case, vm: Vm, choice: Choice, device: Device, given: Assignment, legacy_bios: bool
) -> Iterator[Finding]:
    """What a VM that does start is not given."""
    title = hypervisor(choice).title
    if choice.kind != DEFAULT:
        return
    if not given.opregion and not (legacy_bios and given.refusal):
        yield _finding(case, vm, "no-opregion", "warning", f"{title} gives the guest no OpRegion",
                       "without its VBT a driver does not know which outputs the board has",
                       ("x-igd-opregion", "slot"), "opregion")  # fmt: skip
    if LPC_BRIDGE not in given.copies and not legacy_bios:
        yield _finding(case, vm, "no-lpc", "note", f"{title} does not show the host's LPC ids at 00:1f.0",
                       "the GOP driver and old Windows drivers look there for the chipset", ("x-igd-lpc", "machine"),
                       "lpc")  # fmt: skip
    stolen = family(case.host.cpu).gms.decode(given.ggc or 0) if case.host.cpu else None
    if given.own_bdsm and stolen == 0 and not choice.gms:
        yield _finding(case, vm, "no-stolen-size", "fatal" if legacy_bios else "warning",
                       f"{title} gives the guest no stolen memory: x-igd-gms is not set",
                       "that release takes the size from the option alone, and its GGC then reads GMS 0",
                       ("x-igd-gms", "slot"), "gms")  # fmt: skip


# --- the display and the tools ---------------------------------------------------------------------------------------


def _display(case: Case, vm: Vm) -> Iterator[Finding]:
    """An emulated display beside the IGD."""
    vga = str(vm.value("vga") or "none")
    if vga == "none" or vga.startswith("serial") or vm.tool in ("xl", "crosvm", "acrn"):
        return
    if vm.value("legacy-igd") is True:
        return  # Proxmox refuses it by itself
    at = str(vm.value("vga-slot") or "")
    clash = model.is_at_igd(vm) and (at == "00:02.0" or (not at and vm.value("machine") == "pc"))
    if clash:
        yield _finding(case, vm, "slot-taken", "fatal", f"the emulated display ({vga}) and the IGD both want 00:02.0",
                       "QEMU refuses two devices in one slot: slot 2 function 0 already in use", ("vga", "vga-slot"),
                       "emulated-vga")  # fmt: skip
        return
    severity: Severity = "warning" if vm.value("firmware") != "ovmf" else "note"
    yield _finding(case, vm, "emulated-vga", severity, f"an emulated display ({vga}) is there beside the IGD",
                   "firmware and guest then use that one as the primary: the monitor stays dark until a driver loads",
                   ("vga",), "emulated-vga")  # fmt: skip


def _proxmox(case: Case, vm: Vm) -> Iterator[Finding]:
    """What ``qm start`` itself refuses (qemu-server src/PVE/QemuServer/PCI.pm, parse_hostpci_devices)."""
    if vm.tool != "proxmox":
        return
    value = vm.value
    legacy, q35 = value("legacy-igd") is True, value("machine") == "q35"
    rows = (
        (value("pcie") is True and not q35, "q35 machine model is not enabled", ("pcie",), "pcie-off"),
        (legacy and value("vga") != "none", "legacy IGD assignment requires VGA mode to be 'none'", ("vga",),
         "emulated-vga"),
        (legacy and value("rombar") is False and _on_hostpci(vm, "rombar"),
         "legacy IGD assignment requires rombar to be enabled", ("rombar",), "rombar"),
        (legacy and value("x-vga") is True and _on_hostpci(vm, "x-vga"),
         "legacy IGD assignment is not compatible with x-vga", ("x-vga",), "x-vga-off"),
        (legacy and "mdev" in vm.settings, "legacy IGD assignment is not compatible with mdev", ("mdev",),
         "legacy-igd"),
        (legacy and q35, "legacy IGD assignment is not compatible with q35", ("machine",), "machine-pc"),
    )  # fmt: skip
    for holds, words, shown_by, key in rows:
        if holds:
            yield _finding(case, vm, "qm-refuses", "fatal", f'Proxmox does not start the VM: "{words}"',
                           "hostpci with these keys is refused before QEMU is started", shown_by, key)  # fmt: skip


def _on_hostpci(vm: Vm, name: str) -> bool:
    """Whether the setting is a key of hostpciN: what ``args: -set`` changes Proxmox does not look at."""
    return vm.settings[name].evidence.text.startswith("hostpci")


def _libvirt(case: Case, vm: Vm) -> Iterator[Finding]:
    """``-set`` in ``qemu:commandline`` finds no device since libvirt writes devices as JSON."""
    if "set-by" in vm.settings:
        yield _finding(case, vm, "libvirt-set", "warning", "-set in <qemu:commandline> may change nothing",
                       "since libvirt 8.0 with QEMU 6.2 devices are given as JSON, which -set does not find: QEMU "
                       'says there is no device "hostdev0" defined', ("set-by",), "override-not-set")  # fmt: skip
    if vm.value("hostdev-managed") is True and vm.value("hypervisor") == "qemu":
        yield _finding(case, vm, "libvirt-managed", "note", "managed='yes': when the VM stops, i915 is bound again",
                       "the host's driver may fault on a device that a guest has used (QEMU docs/igd-assign.txt)",
                       ("hostdev-managed",), "managed")  # fmt: skip


def _xl(case: Case, vm: Vm) -> Iterator[Finding]:
    """Xen's device model takes 00:02.0 with gfx_passthru only (QEMU hw/xen/xen_pt.c)."""
    if vm.value("hypervisor") != "xen" or vm.tool != "xl":
        return
    if vm.value("gfx_passthru") is not True:
        yield _finding(case, vm, "no-gfx-passthru", "fatal", "gfx_passthru is not on",
                       "Xen's device model refuses 00:02.0 then: Need to enable igd-passthru if you're trying to "
                       "passthrough IGD GFX", ("gfx_passthru", "host"), "gfx-passthru")  # fmt: skip
    elif not model.is_at_igd(vm):
        yield _finding(case, vm, "slot-not-02", "fatal", f"the guest sees the IGD at {vm.value('slot')}",
                       "vBIOS and drivers look at 00:02.0", ("slot",), "slot")  # fmt: skip


def _bhyve(case: Case, vm: Vm) -> Iterator[Finding]:
    if vm.tool != "bhyve":
        return
    if vm.value("wired") is False:
        yield _finding(case, vm, "bhyve-not-wired", "fatal", "bhyve does not start the VM: -S is missing",
                       "the guest's memory has to be wired for a passed-through device", ("host",),
                       "bhyve-wired")  # fmt: skip
    if not model.is_at_igd(vm):
        yield _finding(case, vm, "slot-not-02", "fatal", f"the guest sees the IGD at {vm.value('slot')}",
                       "GVT-d and the guest's drivers want it at 00:02.0", ("slot",), "slot")  # fmt: skip
    if "romfile" not in vm.settings:
        yield _finding(case, vm, "no-gop", "warning", "no rom=: the guest's firmware has no driver for the display",
                       "bhyve shows the device no ROM, and runs no legacy vBIOS: the screen stays dark until the "
                       "guest's driver loads", ("host",), "ovmf-rom")  # fmt: skip


# --- the ROM ---------------------------------------------------------------------------------------------------------


def _rom(case: Case, vm: Vm) -> Iterator[Finding]:
    """The ROM against the firmware that is to run it."""
    if vm.tool == "bhyve" or vm.value("hypervisor") != "qemu":
        return
    ovmf, romfile = vm.value("firmware") == "ovmf", "romfile" in vm.settings
    if "mdev" in vm.settings:
        return
    if vm.value("rombar") is False and romfile and ovmf:
        yield _finding(case, vm, "rombar-off-ovmf", "fatal", "rombar=0: OVMF never sees the romfile",
                       "QEMU then hands the file over by fw_cfg (vgaroms/), where SeaBIOS looks and OVMF does not",
                       ("rombar", "romfile"), "rombar")  # fmt: skip
    if vm.value("rombar") is False and not romfile:
        yield _finding(case, vm, "rombar-off", "warning" if ovmf else "fatal", "rombar=0, and no romfile",
                       "the guest's firmware sees no ROM of the device: nothing initialises the display",
                       ("rombar",), "rombar")  # fmt: skip
        return
    rom = _read(case)
    if rom is None:
        if ovmf and not romfile:
            yield _finding(case, vm, "ovmf-no-rom", "warning", "OVMF, and no romfile",
                           "OVMF places neither OpRegion nor stolen memory by itself and runs no legacy vBIOS: the "
                           "screen stays dark until the guest's driver loads", ("firmware", "host"),
                           "ovmf-rom")  # fmt: skip
        return
    efi = any(image.code_type == 3 for image in rom.images)
    if ovmf and not efi and rom.legacy is not None:
        yield _finding(case, vm, "legacy-rom-under-ovmf", "fatal", f"{rom.path.name} is a legacy vBIOS under OVMF",
                       "OVMF runs EFI drivers only: the ROM is never started", ("romfile", "firmware"),
                       "ovmf-rom")  # fmt: skip
    elif not ovmf and rom.legacy is None:
        yield _finding(case, vm, "efi-rom-under-seabios", "fatal", f"{rom.path.name} has EFI images only",
                       "SeaBIOS runs legacy images only: the ROM is never started", ("romfile", "firmware"),
                       "seabios-rom")  # fmt: skip
    elif not ovmf and romfile and vm.value("rombar") is not False:
        yield from _ids(case, vm, rom)


def _ids(case: Case, vm: Vm, rom: Rom) -> Iterator[Finding]:
    """SeaBIOS matches PCIR's own id with the device's (src/optionroms.c), and nobody changes a file's."""
    wanted = case.host.value("device_id")
    image = rom.legacy
    if wanted is None or image is None or image.pcir is None or image.pcir.device == wanted:
        return
    yield _finding(case, vm, "rom-id", "fatal",
                   f"SeaBIOS finds no ROM for 8086:{wanted:04x}: {rom.path.name} says {image.pcir.device:04x}",
                   "QEMU takes a romfile as it is, and SeaBIOS runs a ROM only where PCIR's id is the device's",
                   ("romfile",), "rom-id")  # fmt: skip


def _read(case: Case) -> Rom | None:
    if not case.host.rom:
        return None
    try:
        return inspect(case.host.rom)
    except FwsimError:
        return None


def _finding(
    case: Case, vm: Vm, id: str, severity: Severity, what: str, why: str, shown_by: tuple[str, ...], key: str
) -> Finding:
    """A finding with the first of ``shown_by`` that is there as its evidence, a fact of the host's among them."""
    found = [vm.settings[name].evidence for name in shown_by if name in vm.settings]
    if not found:
        facts = [fact for name in shown_by if (fact := case.host.best(name))]
        found = [Evidence(file=fact.file, line=fact.line, text=fact.how) for fact in facts]
    text = remedy(key, vm.tool, vm)
    wanted = case.host.value("device_id")
    if wanted is not None:
        text = text.replace("0xID", f"{wanted:#06x}").replace("8086:ID", f"8086:{wanted:04x}")
    return Finding(
        id=id, severity=severity, what=what, why=why, evidence=found[0] if found else _any(vm), also=found[1:4],
        remedy=text,
    )  # fmt: skip
