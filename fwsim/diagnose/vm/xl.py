"""A domain of Xen's toolstack: ``xl.cfg``.

Source: Xen docs/man/xl.cfg.5.pod.in, docs/man/xl-pci-configuration.5.pod; QEMU hw/xen/xen_pt.c for the slot.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from fwsim.diagnose.case import Vm
from fwsim.diagnose.vm.draft import Draft, number, switch
from fwsim.errors import FwsimError
from fwsim.hypervisor.xl.passage import Passage
from fwsim.hypervisor.xl.pci_spec import KEYS as KEYS_OF_PCI
from fwsim.hypervisor.xl.pci_spec import XlDevice, read_spec
from fwsim.hypervisor.xl.xl_cfg import Assignment, Listed, Refused, statements
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
_IGD = 2
"""00:02 of segment 0, without the function."""
_KEY = re.compile(r"[A-Za-z_]\w*")
_MARKS = re.compile(
    r"""(?m)^\s*(?:builder\s*=\s*["']hvm|type\s*=\s*["'](?:hvm|pvh|pv)["']|gfx_passthru\s*=|pci\s*=\s*\[)"""
)
_WORDS = ("hvm", "pvh", "'pv'", '"pv"', "gfx_passthru", "pci")
"""One of them is in each such file: a quick look before the patterns."""
_ALSO = re.compile(r"(?m)^\s*(?:memory|vcpus|disk|vif|name|kernel|device_model_version|pci|on_poweroff)\s*=")


def looks_so(text: str) -> bool:
    """Whether the text is such a file: a mark of xl's own, and another of its keys."""
    marked = any(word in text for word in _WORDS) and _MARKS.search(text) is not None
    return marked and len(set(_ALSO.findall(text))) >= 1


def read(lines: Sequence[str], file: str) -> list[Vm]:
    """The domain."""
    rows = [row for each in statements("\n".join(lines) + "\n", file) if (row := _given(each)).key]
    given: dict[str, _Given] = {}
    for row in rows:
        before = given.get(row.key) if row.adds else None
        given[row.key] = replace(before, strings=before.strings + row.strings) if before else row
    draft = Draft("xl", file, given["name"].plain if "name" in given else "")
    for row in rows:
        if row.key not in KEYS:
            draft.unknown(row.key, KEYS, row.line, "the key")
    draft.assume("hypervisor", "xen", "xl's configuration")
    _put(draft, given)
    _pci(draft, given)
    return [draft.vm]


class _Given(Struct, frozen=True):
    """A key, and its value: as it means, as it stands in the file, and each string of a list."""

    key: str
    plain: str
    raw: str
    strings: tuple[Passage, ...]
    line: int
    adds: bool = False


def _given(each: Assignment | Refused) -> _Given:
    """Of a statement that xl refuses, what its words tell: people leave out quotes and commas in what they post."""
    if isinstance(each, Assignment):
        if isinstance(each.value, Listed):
            strings = tuple(item for item in each.value.items if isinstance(item, Passage))
            return _Given(each.key, each.raw, each.raw, strings, each.row, each.adds)
        return _Given(each.key, each.value.text, each.raw, (each.value,), each.row)
    strings = tuple(word.passage for word in each.words if word.kind == "string")
    first = each.words[0] if each.words else None
    plain = first.passage.text if first and first.kind == "string" else each.raw
    return _Given(each.key if _KEY.fullmatch(each.key) else "", plain, each.raw, strings, each.row)


def _put(draft: Draft, given: dict[str, _Given]) -> None:
    for key, name, scale in (("memory", "ram", MIB), ("vcpus", "cpus", 1)):
        if key in given:
            row = given[key]
            size = number(row.plain)
            if size:
                draft.put(name, size * scale, row.line, f"{key} = {row.raw}")
            else:
                expected = "MiB, such as 4096" if scale > 1 else "a number"
                draft.unread(row.line, f"{key} = {row.raw} is no number", expected)
    for key in ("bios", "firmware"):
        if key in given:
            row = given[key]
            word = {"uefi": "ovmf", "bios": "seabios"}.get(row.plain, row.plain)
            draft.put("firmware", word, row.line, f"{key} = {row.raw}")
    if "gfx_passthru" in given:
        row = given["gfx_passthru"]
        on = True if row.plain in ("igd", "default") else switch(row.plain)
        if on is None:
            draft.unread(row.line, f"gfx_passthru = {row.raw} is none of its values", '0, 1, "default" or "igd"')
        else:
            draft.put("gfx_passthru", on, row.line, f"gfx_passthru = {row.raw}")
    for key in ("vga", "rdm", "device_model_version", "videoram", "mmio_hole", "device_model_machine"):
        if key in given:
            row = given[key]
            draft.put({"device_model_machine": "machine"}.get(key, key), row.plain, row.line, f"{key} = {row.raw}")
    if "stdvga" in given and switch(given["stdvga"].plain):
        draft.put("vga", "stdvga", given["stdvga"].line, f"stdvga = {given['stdvga'].raw}")
    kind = given.get("type", given.get("builder"))
    if kind and kind.plain:
        draft.put("type", kind.plain, kind.line, f"type = {kind.raw}")
    draft.assume("machine", "pc", "xl's device model is an i440fx")
    draft.assume("firmware", "seabios", "no bios =: xl takes SeaBIOS with qemu-xen")
    if draft.value("gfx_passthru") is True:
        draft.vm.settings.pop("vga", None)
        draft.assume("vga", "none", "gfx_passthru disables the emulated display adapter (xl.cfg)")
    draft.assume("vga", "cirrus", "no vga =: xl's default is cirrus (xl.cfg)")


def _pci(draft: Draft, given: dict[str, _Given]) -> None:
    if "pci" not in given:
        return
    for passage in given["pci"].strings:
        if "2." not in passage.text:  # no 00:02.F: a hostile list has millions of others
            continue
        wrong: list[tuple[str, FwsimError]] = []
        device = read_spec(passage, wrong=wrong)
        if device.sbdf is not None and device.sbdf >> 3 == _IGD:
            _put_igd(draft, device, given["pci"].line, wrong)
            break
    if draft.value("host") is None:
        return
    if draft.value("gfx_passthru") is True:
        draft.assume(
            "slot", "00:02.0", "gfx_passthru keeps 00:02.0 for the IGD (QEMU hw/xen/xen_pt.c)", given["pci"].line
        )
    else:
        draft.assume("slot", "00:05.0", "without gfx_passthru it takes the first free slot", given["pci"].line)


def _put_igd(draft: Draft, device: XlDevice, line: int, wrong: Sequence[tuple[str, FwsimError]]) -> None:
    """What the IGD's entry says, and what of it xl does not take."""
    text = f'pci = [ "{device.passage.text}" ]'
    draft.put("host", f"00:02.{(device.sbdf or 0) & 7}", line, text)
    for key, error in wrong:
        if key in KEYS_OF_PCI:
            draft.unread(line, f"{key} of pci: {error.what}", error.expected)
        else:
            draft.unknown(key, KEYS_OF_PCI, line, "the key of pci")
    if "rdm_policy" in device.marks:
        draft.put("rdm_policy", device.options.rdm_policy, line, text)
    if device.options.permissive:
        draft.put("permissive", True, line, text)
    if device.vslot is not None:
        draft.put("slot", f"00:{device.vslot:02x}.0", line, text)
