"""A VM and its host as the hypervisor's model takes them: what the user asks for, and the device that is assigned."""

from __future__ import annotations

from fwsim.diagnose.case import Case, Evidence, Setting, Vm
from fwsim.diagnose.finding import Stated
from fwsim.diagnose.vm.readers import RELEASE
from fwsim.errors import FwsimError
from fwsim.hypervisor import kinds
from fwsim.hypervisor.interface import IGD, Choice, Device
from fwsim.registers.families import family
from fwsim.scenario.choices import SLOT
from fwsim.units import format_size

USUAL_CPU = "coffeelake"
"""The family taken where nothing tells of the host: what a VM's settings do is the same for gen 6 to 9."""
_SHOWN_AS = {
    "host": "passed device", "slot": "guest's slot", "vga": "emulated display", "qemu": "QEMU", "cpus": "CPUs",
    "at-1f": "at 00:1f.0", "machine-type": "machine type", "phys-bits": "address bits", "vga-slot": "display's slot",
}  # fmt: skip
"""Settings by the words that people read; the others by their own."""
_UNSHOWN = ("id", "vmid", "set-by", "hypervisor", "unraid")
"""Settings that are for rules and remedies, not for people."""
_ELSEWHERE = 0x80
"""A devfn that stands for every place that is not on bus 0."""


def release(case: Case, vm: Vm) -> Setting:
    """The hypervisor's release; ``assumed`` with the reason where no file tells it."""
    own = vm.settings.get("qemu")
    if own is not None and not own.assumed:
        return own
    told = next(iter(case.of(RELEASE)), None)
    if told is not None:
        return Setting(value=told.groups["release"], evidence=told.evidence)
    if own is not None:
        return own
    usual = kinds.default_profile(kinds.DEFAULT)
    file = next((each.evidence.file for each in vm.settings.values()), "")
    why = f"no file tells QEMU's release: {usual} is taken; qemu-system-x86_64 --version"
    return Setting(value=usual, evidence=Evidence(file=file, text=why), assumed=True)


def choice(case: Case, vm: Vm) -> Choice | None:
    """What the user asks of the hypervisor; None where fwsim has no model of it, or not of that release."""
    kind = str(vm.value("hypervisor") or kinds.DEFAULT)
    if kind not in kinds.ROWS:
        return None
    if kind != kinds.DEFAULT:
        return Choice(kind=kind)
    made = Choice(
        kind=kind, profile=str(release(case, vm).value), gms=int(vm.value("x-igd-gms") or 0) & 0xFF,
        opregion=_auto(vm, "x-igd-opregion"), lpc=_auto(vm, "x-igd-lpc"),
        vga="on" if vm.value("x-vga") is True else "auto", legacy=str(vm.value("x-igd-legacy-mode") or "auto"),
    )  # fmt: skip
    try:
        kinds.hypervisor(made)
    except FwsimError:
        return None
    return made


def _auto(vm: Vm, name: str) -> str:
    value = vm.value(name)
    return "auto" if value is None else "on" if value else "off"


def devfn(vm: Vm) -> int:
    """The guest's slot as device<<3 | function; one that no IGD is at, where it is not on bus 0 or not known."""
    match = SLOT.fullmatch(str(vm.value("slot") or ""))
    return int(match[2], 16) << 3 | int(match[3], 16) if match and match[1] == "00" else _ELSEWHERE


def device(case: Case, vm: Vm) -> Device:
    """The host's IGD as this VM gets it. What the dumps do not show is the family's own."""
    host = case.host
    known = family(host.cpu or USUAL_CPU)
    facts = {name: host.value(name) for name in ("device_id", "ggc", "bdsm", "asls", "class")}
    ggc = facts["ggc"] if facts["ggc"] is not None else known.ggc
    return Device(
        device_id=facts["device_id"] or known.device_id, generation=known.gen, ggc=ggc,
        bdsm=(facts["bdsm"] or known.bdsm) & ~1, stolen=known.gms.decode(ggc), asls=facts["asls"] or known.asls,
        class_code=facts["class"] or 0x030000, machine=str(vm.value("machine") or "pc"), devfn=devfn(vm),
        romfile=bool(vm.value("romfile")),
        at_1f="other" if "at-1f" in vm.settings else "usual",
    )  # fmt: skip


def stated(case: Case, vm: Vm) -> tuple[list[Stated], list[Stated]]:
    """(what the files say of the VM, what is assumed of it), as they are shown."""
    settings = dict(vm.settings)
    if vm.value("hypervisor") == kinds.DEFAULT:
        settings["qemu"] = release(case, vm)
    known: list[Stated] = [Stated(name="VM", value=f"{vm.name} ({vm.tool})".strip())]
    assumed: list[Stated] = []
    for name, setting in settings.items():
        if name in _UNSHOWN:
            continue
        value = setting.value
        text = format_size(value) if name == "ram" and isinstance(value, int) else _text(value)
        title = _SHOWN_AS.get(name, name)
        if setting.assumed:
            assumed.append(Stated(name=title, value=text, evidence=setting.evidence, why=setting.evidence.text))
        else:
            known.append(Stated(name=title, value=text, evidence=setting.evidence))
    return known, assumed


def _text(value: str | int | bool) -> str:
    return ("on" if value else "off") if isinstance(value, bool) else str(value)


def is_at_igd(vm: Vm) -> bool:
    """Whether the guest sees it at 00:02.0."""
    return devfn(vm) == IGD
