"""A ROM gets into the machine: offered as the hypervisor offers it, judged and copied as SeaBIOS does it."""

from msgspec import Struct

from fwsim.errors import FwsimError
from fwsim.firmware.seabios.optionrom import ROM_START, judge_header, judge_image
from fwsim.hypervisor.interface import RomChange
from fwsim.rom.chain import Rom, load_bytes
from fwsim.rom.image import Image
from fwsim.rom.repair import fix, fix_checksum, fix_ids
from fwsim.scenario.guess import named
from fwsim.scenario.model import Scenario

SHADOW_END = 0xF0000
INTEL = 0x8086
REMEDY = "fwsim rom fix FILE --device ID makes the id right (rom.fix_ids = true does it in a run), or rombar=0"
VFIO_REGION = 0x20000
"""Bytes of the ROM region vfio makes of the shadow at C0000."""


class Offer(Struct, frozen=True):
    """The image the guest's firmware finds, and what was done to it on the way."""

    image: bytes
    change: RomChange | None = None


def check_ids(scenario: Scenario, rom: Rom) -> None:
    """Refuse a ROM that is not for the scenario's IGD. Raises FwsimError listing the ids it accepts."""
    device = scenario.host.device_id
    if scenario.rom.any_device or rom.vendor is None or rom.accepts(0x8086, device):
        return
    near = [name for name in named(rom.ids) if name != scenario.host.cpu]
    raise FwsimError(
        "the ROM is for another device", where=str(rom.path), found=f"host.device_id = {device:#06x}",
        expected=f"vendor {rom.vendor:04x}, device " + ", ".join(f"{number:#06x}" for number in rom.ids),
        hint=(f'host.cpu = "{near[0]}", or set host.device_id; ' if near else "set host.device_id; ")
        + "rom.any_device = true runs it all the same",
    )  # fmt: skip


def offer(scenario: Scenario, rom: Rom, device: int, shadow: bytes | None) -> Offer:
    """The image as the guest gets it. ``shadow`` is C0000 after a POST on the host; None: the file itself.

    A file given with romfile= is handed over as it is: QEMU makes ids right in ROMs of its own only (hw/pci/pci.c,
    pci_patch_ids). A shadow is read by vfio: ids as vfio fixes them, the sum made right where vfio leaves it wrong.
    """
    if rom.vendor is None:
        return Offer(rom.data)
    if shadow is None:
        fixes = scenario.rom.fix_ids and rom.device != device and rom.data[0:2] == b"U\xaa"
        return Offer(fix_ids(rom.data, None, device)[0] if fixes else rom.data)
    design = scenario.hypervisor.design
    data = design.fix_rom(shadow, scenario.device) or fix(shadow, rom.vendor, device)
    if sum(data[: data[2] * 512]) & 0xFF:
        data, _ = fix_checksum(data, 0, 6)
    change = design.change_rom(data, scenario.device)
    return Offer(change.image if change else data, change)


def legacy_image(image: bytes, rom: Rom) -> bytes:
    """The bytes of the first legacy image, as long as its length byte says. Raises FwsimError where there is none."""
    legacy = next((each for each in load_bytes(image, rom.path).images if _is_legacy(each)), None)
    if legacy is None:
        raise FwsimError(
            "no legacy image in this ROM", where=str(rom.path), found="EFI images only",
            expected="an image of code type 0", hint="legacy firmware cannot run it",
        )  # fmt: skip
    return _bytes_of(image, legacy)


class Matched(Struct, frozen=True):
    """What the guest's firmware makes of a ROM: the ``code`` that it runs, None for none, and ``why``, for people."""

    code: bytes | None
    why: str


def match(scenario: Scenario, offered: Offer, rom: Rom, device: int | None) -> Matched:
    """The image that the firmware finds for the IGD 8086:``device``, by the way that the ROM reaches it.

    ``device`` None: the display device is an emulated one, and the ROM is its own.

    Raises FwsimError for a ROM without a legacy image.
    """
    first, choice = legacy_image(offered.image, rom), scenario.rom
    if device is None:
        return Matched(first, "the adapter's own")
    if scenario.hypervisor.design.on_host:
        return Matched(first, "the host's own firmware runs it")
    if scenario.hypervisor.rombar == "off":
        return Matched(first, "in vgaroms/ (rombar=0), where SeaBIOS looks at no ids")
    if choice.any_device:
        return Matched(first, "whatever its ids (rom.any_device)")
    name = f"{INTEL:04x}:{device:04x}"
    images = load_bytes(offered.image, rom.path).images
    found = next((each for each in images if each.pcir and _takes(each, device)), None)
    if found is None:
        ids = ", ".join(f"{each.pcir.vendor:04x}:{each.pcir.device:04x}" for each in images if each.pcir) or "no PCIR"
        return Matched(None, f"SeaBIOS finds no ROM for {name}: the ROM has {ids}; {REMEDY}")
    return Matched(
        _bytes_of(offered.image, found),
        f"PCIR names {name}" + (", made so first (rom.fix_ids)" if choice.fix_ids and rom.device != device else ""),
    )


def _bytes_of(image: bytes, legacy: Image) -> bytes:
    return image[legacy.offset : legacy.offset + image[legacy.offset + 2] * 512]


def _is_legacy(image: Image) -> bool:
    return image.pcir is None or image.pcir.code_type == 0


def _takes(image: Image, device: int) -> bool:
    """Whether SeaBIOS takes ``image`` for the device."""
    pcir = image.pcir
    assert pcir is not None
    ids = (pcir.vendor, pcir.device, pcir.code_type, pcir.indicator)
    return judge_image(*ids, want_vendor=INTEL, want_device=device) == "take"


def refusal(code: bytes, enforce: bool) -> str:
    """Why SeaBIOS would not run ``code``; "" when it would."""
    if len(code) > SHADOW_END - ROM_START:
        return f"{len(code):#x} bytes do not fit between C0000 and F0000"
    verdict = judge_header(int.from_bytes(code[:2], "little"), code[2], sum(code), enforce_checksum=enforce)
    return "" if verdict.accepted else verdict.text
