"""A domain of Xen's toolstack: ``xl.cfg``.

Source: Xen docs/man/xl.cfg.5.pod.in, docs/man/xl-pci-configuration.5.pod; QEMU hw/xen/xen_pt.c for the slot.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fwsim.diagnose.case import Vm
from fwsim.diagnose.vm import qemu_args
from fwsim.diagnose.vm.draft import Draft, number, switch
from fwsim.units import MIB

_KEYS_TEXT = """
name type builder uuid seclabel init_seclabel pool vcpus maxvcpus cpus cpus_soft cpu_weight cap memory maxmem vnuma
on_poweroff on_reboot on_watchdog on_crash on_soft_reset kernel ramdisk cmdline root extra firmware disk p9 vif vtpm
vfb channel rdm usbctrl usbdev pci pci_permissive pci_msitranslate pci_seize pci_power_mgmt gfx_passthru
rdm_mem_boundary dtdev ioports iomem irqs max_event_channels vdispl vsnd vkb tee boot hdtype hap oos shadow_memory
bios bios_path_override pae acpi acpi_s3 acpi_s4 acpi_laptop_slate apic nx hpet altp2m altp2mhvm nestedhvm cpuid
acpi_firmware smbios_firmware ms_vm_genid tsc_mode localtime rtc_timeoffset vpt_align timer_mode mmio_hole
mmio_hole_size xen_platform_pci viridian videoram stdvga vga vnc vnclisten vncdisplay vncunused vncpasswd keymap sdl
opengl nographic spice spicehost spiceport spicetls_port spicedisable_ticketing spicepasswd spiceagent_mouse
spicevdagent spice_clipboard_sharing spiceusbredirection spice_image_compression spice_streaming_video serial
soundhw vkb_device usb usbversion usbdevice vendor_device device_model_version device_model_override
device_model_stubdomain_override device_model_stubdomain_seclabel device_model_args device_model_args_pv
device_model_args_hvm device_model_user device_model_machine system_firmware passthrough driver_domain nomigrate
e820_host max_grant_frames max_maptrack_frames xend_suspend_evtchn_compat vmtrace_buf_kb msr_relaxed claim_mode
suppress_spurious_page_faults dm_restrict argo bootloader bootloader_args monitor invtsc arch_arm vuart gic_version
vpmu hvm_s3 pvshim smbios bios_vendor bios_version system_manufacturer system_product_name system_version
system_serial_number
on_xend_stop on_xend_start vncviewer vncconsole device_model usb_device serial_console shadow_memory ioemu timer_mode
"""
KEYS = frozenset(_KEYS_TEXT.split())
_PCI_KEYS = ("bdf", "vslot", "permissive", "msitranslate", "seize", "power_mgmt", "rdm_policy", "name")
_LINE = re.compile(r"([A-Za-z_]\w*)\s*=\s*(.*)")
_MARKS = re.compile(
    r"""(?m)^\s*(?:builder\s*=\s*["']hvm|type\s*=\s*["'](?:hvm|pvh|pv)["']|gfx_passthru\s*=|pci\s*=\s*\[)"""
)
_WORDS = ("hvm", "pvh", "'pv'", '"pv"', "gfx_passthru", "pci")
"""One of them is in each such file: a quick look before the patterns."""
_ALSO = re.compile(r"(?m)^\s*(?:memory|vcpus|disk|vif|name|kernel|device_model_version|pci|on_poweroff)\s*=")
_STRING = re.compile(r'"([^"]*)"|\'([^\']*)\'')


def looks_so(text: str) -> bool:
    """Whether the text is such a file: a mark of xl's own, and another of its keys."""
    marked = any(word in text for word in _WORDS) and _MARKS.search(text) is not None
    return marked and len(set(_ALSO.findall(text))) >= 1


def read(lines: Sequence[str], file: str) -> list[Vm]:
    """The domain."""
    rows = list(_assignments(lines))
    given = {key: (value, line) for key, value, line in rows}
    name = _plain(given.get("name", ("", 0))[0])
    draft = Draft("xl", file, name)
    for key, _value, line in rows:
        if key not in KEYS:
            draft.unknown(key, KEYS, line, "the key")
    draft.assume("hypervisor", "xen", "xl's configuration")
    _put(draft, given)
    _pci(draft, given)
    return [draft.vm]


def _assignments(lines: Sequence[str]) -> Iterator[tuple[str, str, int]]:
    """(key, value as text, line) of each assignment; a list may go over lines."""
    row = 0
    while row < len(lines):
        line = _uncommented(lines[row])
        match = _LINE.match(line.strip())
        row += 1
        if not match:
            continue
        start, value = row, match[2]
        while (
            value.startswith("[")
            and not _closed(value)
            and row < len(lines)
            and row - start < 200
            and len(value) < 1 << 16
        ):
            value += " " + _uncommented(lines[row]).strip()
            row += 1
        yield match[1], value.rstrip(" ;"), start


def _closed(value: str) -> bool:
    return "]" in _STRING.sub("", value)


def _uncommented(line: str) -> str:
    """The line without its comment: a # outside of quotes."""
    sign = ""
    for at, each in enumerate(line):
        if sign:
            sign = "" if each == sign else sign
        elif each in "'\"":
            sign = each
        elif each == "#":
            return line[:at]
    return line


def _plain(value: str) -> str:
    match = _STRING.match(value.strip())
    return (match[1] or match[2] or "") if match else value.strip()


def _put(draft: Draft, given: dict[str, tuple[str, int]]) -> None:
    for key, name, scale in (("memory", "ram", MIB), ("vcpus", "cpus", 1)):
        if key in given:
            value, line = given[key]
            size = number(_plain(value))
            if size:
                draft.put(name, size * scale, line, f"{key} = {value}")
            else:
                draft.unread(line, f"{key} = {value} is no number", "MiB, such as 4096" if scale > 1 else "a number")
    for key in ("bios", "firmware"):
        if key in given:
            value, line = given[key]
            word = {"uefi": "ovmf", "bios": "seabios"}.get(_plain(value), _plain(value))
            draft.put("firmware", word, line, f"{key} = {value}")
    if "gfx_passthru" in given:
        value, line = given["gfx_passthru"]
        word = _plain(value)
        on = True if word in ("igd", "default") else switch(word)
        if on is None:
            draft.unread(line, f"gfx_passthru = {value} is none of its values", '0, 1, "default" or "igd"')
        else:
            draft.put("gfx_passthru", on, line, f"gfx_passthru = {value}")
    for key in ("vga", "rdm", "device_model_version", "videoram", "mmio_hole", "device_model_machine"):
        if key in given:
            value, line = given[key]
            draft.put({"device_model_machine": "machine"}.get(key, key), _plain(value), line, f"{key} = {value}")
    if "stdvga" in given and switch(_plain(given["stdvga"][0])):
        draft.put("vga", "stdvga", given["stdvga"][1], f"stdvga = {given['stdvga'][0]}")
    kind = _plain(given.get("type", given.get("builder", ("", 0)))[0])
    if kind:
        draft.put("type", kind, given.get("type", given.get("builder", ("", 0)))[1], f"type = {kind}")
    draft.assume("machine", "pc", "xl's device model is an i440fx")
    draft.assume("firmware", "seabios", "no bios =: xl takes SeaBIOS with qemu-xen")
    if draft.value("gfx_passthru") is True:
        draft.vm.settings.pop("vga", None)
        draft.assume("vga", "none", "gfx_passthru disables the emulated display adapter (xl.cfg)")
    draft.assume("vga", "cirrus", "no vga =: xl's default is cirrus (xl.cfg)")


def _pci(draft: Draft, given: dict[str, tuple[str, int]]) -> None:
    if "pci" not in given:
        return
    value, line = given["pci"]
    for match in _STRING.finditer(value):
        spec = match[1] if match[1] is not None else match[2]
        first, *rest = spec.split(",")
        pairs = dict(piece.partition("=")[::2] for piece in ([first] if "=" in first else []) + rest if piece)
        place, _, vslot = (pairs.get("bdf") or ("" if "=" in first else first)).partition("@")
        function = qemu_args.IGD.match(place.strip().replace(".*", ".0"))
        if not function:
            continue
        text = f'pci = [ "{spec}" ]'
        draft.put("host", f"00:02.{function[1] or 0}", line, text)
        for name in pairs:
            if name not in _PCI_KEYS:
                draft.unknown(name, _PCI_KEYS, line, "the key of pci")
        if pairs.get("rdm_policy"):
            draft.put("rdm_policy", pairs["rdm_policy"], line, text)
        if switch(pairs.get("permissive", "0")):
            draft.put("permissive", True, line, text)
        slot = pairs.get("vslot") or vslot
        if slot:
            found = qemu_args.slot_text("", slot)
            if found:
                draft.put("slot", found, line, text)
            else:
                draft.unread(line, f"vslot {slot} is no slot", "a device number in hexadecimal, such as 2")
        break
    if draft.value("host") is None:
        return
    if draft.value("gfx_passthru") is True:
        draft.assume("slot", "00:02.0", "gfx_passthru keeps 00:02.0 for the IGD (QEMU hw/xen/xen_pt.c)", line)
    else:
        draft.assume("slot", "00:05.0", "without gfx_passthru it takes the first free slot", line)
