"""QEMU up to 9.2 sets an IGD up where it probes BAR4: legacy mode or nothing, and a trap on the GTT's port pair.

Source: QEMU hw/vfio/igd.c, vfio_probe_igd_bar0_quirk and vfio_probe_igd_bar4_quirk; hw/vfio/pci.c, vfio_realize, for
x-igd-opregion. The words are QEMU's own.
"""

from __future__ import annotations

from fwsim.hypervisor.interface import IGD, Assignment, Choice, Device
from fwsim.hypervisor.qemu import steps
from fwsim.hypervisor.qemu import versions as igd


def assign(row: igd.IgdVersion, choice: Choice, device: Device) -> Assignment:
    """BAR0, then BAR4, then x-igd-opregion: the order of vfio_realize."""
    gen = igd.generation(row, device.device_id)
    given = Assignment(generation=gen, own_bdsm=False, opregion=False, vga=choice.vga == "on", ggc=device.ggc)
    vga_at_2 = device.vendor == 0x8086 and device.class_code >> 8 == 0x0300 and device.devfn == IGD
    if vga_at_2 and row.gms_from_host and gen >= 11:
        given.overlays = [steps.bdsm_mirror(gen, "")]
    if vga_at_2:
        given.refusal, words = _obstacle(row, choice, device, given)
        given.messages += [f"error: {each}" for each in words]
        if not given.refusal:
            _legacy_mode(row, choice, device, given)
    else:
        not_vga = device.class_code >> 8 != 0x0300
        given.refusal = (
            "not an Intel device" if device.vendor != 0x8086 else "not of VGA class" if not_vga else steps.OTHER_SLOT
        )
    if choice.opregion == "on" and not given.opregion:
        _asked_opregion(device, given)
    _unknown_options(choice, given)
    given.registers.sort(key=lambda each: each.offset)
    return given


def _obstacle(
    row: igd.IgdVersion, choice: Choice, device: Device, given: Assignment
) -> tuple[str, tuple[str, ...]]:  # fmt: skip
    """The first reason against legacy mode, and QEMU's words for it."""
    gen, who = given.generation, f"IGD device {steps.NAME}"
    if device.lpc_slot == "other":
        return steps.OCCUPIED, (f"{who} cannot support legacy mode due to existing devices at address 1f.0",)
    if gen == igd.UNKNOWN_GEN:
        return steps.unsupported(gen), (f"{who} is unsupported in legacy mode, try SandyBridge or newer",)
    if not device.rom and not device.romfile:
        return steps.NO_ROM, (f"{who} has no ROM, legacy mode disabled",)
    if device.hotplugged:
        given.rom_disabled = True
        return "hotplugged", (f"{who} hotplugged, ROM disabled, legacy mode disabled",)
    regions = (
        (device.opregion_region, "OpRegion"), (device.host_region, "host bridge"), (device.lpc_region, "LPC bridge"),
    )  # fmt: skip
    for there, what in regions:
        if not there:
            return f"the kernel offers no {what}", (f"{who} does not support {what} access,legacy mode disabled",)
    steps.trace_read(given, igd.GMCH, device.ggc)
    if not device.ggc & igd.VGA_DISABLED and choice.vga != "on" and not device.vga_region:
        return steps.NO_VGA, (
            f"vfio {steps.NAME}: failed getting region info for VGA region index 8: Invalid argument",
            f"{who} failed to enable VGA access, legacy mode disabled",
        )
    return "", ()


def _legacy_mode(row: igd.IgdVersion, choice: Choice, device: Device, given: Assignment) -> None:
    gen = given.generation
    given.vga = choice.vga == "on" or not device.ggc & igd.VGA_DISABLED
    steps.dress_bridges(given, device)
    steps.offer_opregion(given)
    base, wide = (igd.BDSM_OLD, False) if gen < 11 else (igd.BDSM_NEW, True)
    steps.trace_read(given, base, (device.bdsm | 1) & 0xFFFFFFFF)
    if wide:
        steps.trace_read(given, base + 4, device.bdsm >> 32)
    offered = igd.stolen(row, gen, device.ggc, choice.gms)
    if offered.error:
        given.messages.append(f"error: {offered.error}")
    steps.answer_ggc(given, offered.gmch)
    given.ports_trapped = True
    given.cleared = igd.zeroed_indices(row, gen, device.ggc)
    given.traced.append(given.cleared)
    steps.offer_stolen(given, gen, offered)


def _unknown_options(choice: Choice, given: Assignment) -> None:
    """What vfio-pci has no property for yet (qom/object.c, object_property_find_err)."""
    for field, name, value in (("lpc", "x-igd-lpc", choice.lpc), ("legacy", "x-igd-legacy-mode", choice.legacy)):
        if value != "auto":
            given.error, given.error_field = f"Property 'vfio-pci.{name}' not found", field


def _asked_opregion(device: Device, given: Assignment) -> None:
    """x-igd-opregion=on without legacy mode; where it fails the device does not come up."""
    if device.hotplugged:
        given.error = "cannot support IGD OpRegion feature on hotplugged device"
    elif not device.opregion_region:
        given.error = f"does not support requested IGD OpRegion feature: {steps.NO_DEVICE}"
    else:
        steps.offer_opregion(given)
        return
    given.error_field = "opregion"
