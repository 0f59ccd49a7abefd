"""QEMU from 10.0 on sets an IGD up in one step, legacy mode or not, and passes GTT entries as they are.

Source: QEMU hw/vfio/igd.c, vfio_probe_igd_bar0_quirk and vfio_pci_igd_config_quirk, of 10.0.2 to 11.0.3. The words are
QEMU's own. Two of its error paths end QEMU itself: seen in the compiled code, not in a running QEMU.
"""

from __future__ import annotations

from fwsim.hypervisor.interface import ASLS, IGD, Assignment, Choice, Device
from fwsim.hypervisor.qemu import steps
from fwsim.hypervisor.qemu import versions as igd

_NULL_ERROR = "segmentation fault: error_report_err(NULL)"
"""In legacy mode by itself the error of a step goes to the caller, and the one that is reported is none."""
_SET_TWICE = "assertion *errp == NULL in error_setv"
"""A second error over the one that vfio_populate_vga has set."""


class _Failed(Exception):  # noqa: N818  # a way out of the steps, not an error of ours
    """A step failed: QEMU's ``words``, why legacy mode does not come up, and by which field of ``[hypervisor]``."""

    def __init__(self, words: str, refusal: str, field: str = "", *, own: bool = False, twice: bool = False) -> None:
        super().__init__(words)
        self.words, self.refusal, self.field, self.own, self.twice = words, refusal, field, own, twice


def assign(row: igd.IgdVersion, choice: Choice, device: Device) -> Assignment:
    """BAR0's mirrors, then everything else."""
    gen = igd.generation(row, device.device_id)
    given = Assignment(generation=gen, own_bdsm=False, opregion=False, vga=choice.vga == "on", ggc=device.ggc)
    wanted = device.class_code >> 16 == 0x03 if row.display_class else device.class_code >> 8 == 0x0300
    if device.vendor != 0x8086 or not wanted:
        given.refusal = "not of VGA class" if device.vendor == 0x8086 else "not an Intel device"
        return given
    if gen >= 6:
        mirrored = not row.detects or choice.gms
        given.overlays = [*([steps.GGC_MIRROR] if mirrored else []), steps.bdsm_mirror(gen)]
    if _is_igd(row, device, given):
        steps.trace_read(given, igd.GMCH, device.ggc)
        _set_up(row, choice, device, given)
    given.registers.sort(key=lambda each: each.offset)
    return given


def _is_igd(row: igd.IgdVersion, device: Device, given: Assignment) -> bool:
    """10.0 goes by the device id, later ones by the kernel's OpRegion region; else the device is left alone."""
    if not row.detects:
        if given.generation == igd.UNKNOWN_GEN:
            given.refusal = steps.unsupported(given.generation)
            given.messages.append(
                "error: IGD device 0000:00:02.0 is unsupported in legacy mode, try SandyBridge or newer"
            )
        return not given.refusal
    if not device.opregion_region:
        given.refusal = "the kernel offers no OpRegion"
    elif device.hotplugged:
        given.refusal = "hotplugged"
        given.messages.append("warning: IGD device detected, but OpRegion is not supported on hotplugged device.")
    else:
        given.messages.append(f"info: OpRegion detected on Intel display {device.device_id:x}.")
    return not given.refusal


def _set_up(row: igd.IgdVersion, choice: Choice, device: Device, given: Assignment) -> None:
    """Everything but the mirrors; a step that fails ends it, by the way that legacy mode was asked for."""
    given.refusal = _no_legacy(row, choice, device, given.generation)
    legacy = not given.refusal
    try:
        if legacy:
            given.messages.append("info: IGD legacy mode enabled, use x-igd-legacy-mode=off to disable it if unwanted.")
            _legacy_mode(row, choice, device, given)
        elif choice.legacy == "on":
            raise _Failed(_not_legacy(row, device, given.generation), given.refusal, "legacy", own=True)
        _opregion_and_bridges(row, choice, device, given, legacy)
        _stolen(row, choice, device, given)
    except _Failed as failed:
        given.refusal = failed.refusal or given.refusal
        if failed.twice:
            given.aborted = _SET_TWICE
        elif not legacy or choice.legacy == "on":
            given.error, given.error_field = failed.words, failed.field
        elif failed.own:
            given.messages += [f"error: {failed.words}", "error: IGD legacy mode disabled"]
        else:
            given.error, given.aborted = failed.words, _NULL_ERROR


def _no_legacy(row: igd.IgdVersion, choice: Choice, device: Device, gen: int) -> str:
    """Why legacy mode is not tried; "" where it is."""
    checks = [
        (choice.legacy != "off", "switched off by x-igd-legacy-mode"),
        (device.class_code >> 8 == 0x0300, "not of VGA class"),
        (device.devfn == IGD, steps.OTHER_SLOT),
        (6 <= gen <= 9 or not row.detects, steps.unsupported(gen)),
        (not device.ggc & igd.VGA_DISABLED or not row.detects, "GMCH says that VGA is disabled"),
        (device.machine == "pc", "the machine is not an i440fx"),
    ]
    return next((text for holds, text in checks if not holds), "")


def _not_legacy(row: igd.IgdVersion, device: Device, gen: int) -> str:
    if not row.detects:
        return "Machine is not i440fx or assigned BDF is not 00:02.0"
    return (
        f"Machine is not i440fx, assigned BDF is not 00:02.0, or device {device.device_id:04x} (gen {gen}) doesn't "
        "support legacy mode"
    )


def _legacy_mode(row: igd.IgdVersion, choice: Choice, device: Device, given: Assignment) -> None:
    """A ROM and VGA access; 10.0 goes without VGA where GGC disables it."""
    if not device.rom and not device.romfile:
        raise _Failed("Device has no ROM", steps.NO_ROM, "legacy", own=True)
    if choice.vga == "on" or device.ggc & igd.VGA_DISABLED:
        return
    if not device.vga_region:
        raise _Failed("Unable to enable VGA access", steps.NO_VGA, twice=True)
    given.vga = True


def _opregion_and_bridges(
    row: igd.IgdVersion, choice: Choice, device: Device, given: Assignment, legacy: bool
) -> None:  # fmt: skip
    """x-igd-opregion and x-igd-lpc; legacy mode has both, whatever they say."""
    by_default = row.detects and choice.opregion == "auto"
    if legacy or choice.opregion == "on" or by_default:
        if device.hotplugged:
            words = "IGD OpRegion is not supported on hotplugged device"
            raise _Failed(words, "hotplugged" if legacy else "", "opregion")
        if not device.opregion_region:
            words = f"Device does not supports IGD OpRegion feature: {steps.NO_DEVICE}"
            raise _Failed(words, "the kernel offers no OpRegion" if legacy else "", "opregion")
        given.opregion = True
        steps.trace_opregion(given)
    if row.detects or given.opregion:
        given.registers.append(steps.storage(ASLS))
    if not legacy and choice.lpc != "on":
        return
    steps_against = (
        (device.hotplugged, "IGD LPC is not supported on hotplugged device", "hotplugged"),
        (device.lpc_slot == "other", "Cannot create LPC bridge due to existing device at 1f.0", steps.OCCUPIED),
        (not device.lpc_region, "IGD LPC bridge access is not supported by kernel", "the kernel offers no LPC bridge"),
        (not device.host_region, "IGD host bridge access is not supported by kernel",
         "the kernel offers no host bridge"),
    )  # fmt: skip
    for against, words, refusal in steps_against:
        if against:
            raise _Failed(words, refusal if legacy else "", "lpc")
    steps.dress_bridges(given, device)


def _stolen(row: igd.IgdVersion, choice: Choice, device: Device, given: Assignment) -> None:
    """GGC and BDSM, and what the firmware is asked for. 10.0 answers GGC always, later ones with x-igd-gms only."""
    offered = igd.stolen(row, given.generation, device.ggc, choice.gms)
    if offered.error:
        given.messages.append(f"error: {offered.error}")
        if row.detects:
            given.error, given.error_field = offered.error, "gms"
            given.refusal = given.refusal or "the device does not come up"
            return
    if choice.gms or not row.detects:
        steps.answer_ggc(given, offered.gmch)
    steps.offer_stolen(given, given.generation, offered)
