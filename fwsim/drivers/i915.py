"""Linux' i915 finds the PCH by the class of an ISA bridge, and from 4.x on guesses it where a hypervisor hides it.

Sources, intel_detect_pch and what it calls: Linux 3.6 (drivers/gpu/drm/i915/i915_drv.c: the first ISA bridge only),
3.14 as of its Valley View branch (i915_drv.c: every ISA bridge, and Broadwell takes any of Intel's), 4.8.18
(i915_drv.c and .h: a PIIX3, a PIIX4 or QEMU's own ICH9 means a guest, where the PCH follows from the GPU), 6.12
(soc/intel_pch.c and .h: the same, and in a guest where no ISA bridge is known).
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from fwsim.board.isa_bridge import ISA
from fwsim.drivers.probe import INTEL, NONE, Config, Found, Seen, scanned
from fwsim.exactness import Known
from fwsim.registers.families import family_of_device

_DISPLAY = 0x03
_LOW_POWER, _HIGH = (0x9C00, 0x9C80), (0x8C00, 0x8C80)
"""Lynx Point and Wildcat Point: HAS_PCH_LPT_LP and HAS_PCH_LPT_H go by the id, not by the type."""
_PIIX = (0x7100, 0x7000)
_ICH9, _QEMU_SUBSYSTEM = 0x2900, 0x11001AF4
_OLD = {0x3B00: "IBX", 0x1C00: "CPT", 0x1E00: "CPT", 0x8C00: "LPT"}
_OF_3_14 = _OLD | {0x9C00: "LPT"}
_OF_4_8 = _OF_3_14 | {0xA100: "SPT", 0x9D00: "SPT", 0xA200: "KBP"}
_OF_6_12 = _OF_3_14 | {
    0x8C80: "LPT", 0x9C80: "LPT", 0xA100: "SPT", 0x9D00: "SPT", 0xA280: "SPT", 0xA380: "SPT", 0xA300: "CNP",
    0x9D80: "CNP", 0x0280: "CNP", 0x0680: "CNP", 0x3480: "ICP", 0x3880: "ICP", 0x4D80: "ICP", 0x4B00: "TGP",
    0xA080: "TGP", 0x4380: "TGP", 0x7A80: "ADP", 0x5180: "ADP", 0x7A00: "ADP", 0x5480: "ADP",
}  # fmt: skip
_GUESS_4_8 = {
    "ironlake": "IBX", "sandybridge": "CPT", "ivybridge": "CPT", "haswell": "LPT", "broadwell": "LPT",
    "skylake": "SPT", "kabylake": "SPT",
}  # fmt: skip
"""A type, and no id: Lynx Point is then neither LP nor H. Any other GPU is PCH_NOP, one without a display."""
_GUESS_6_12 = {
    "ironlake": 0x3B00, "sandybridge": 0x1C00, "ivybridge": 0x1C00, "haswell": 0x8C00, "broadwell": 0x8C00,
    "skylake": 0xA100, "kabylake": 0xA100, "coffeelake": 0xA300, "cometlake": 0xA300, "icelake": 0x3480,
    "jasperlake": 0x4B00, "elkhartlake": 0x4B00, "tigerlake": 0xA080, "rocketlake": 0xA080, "alderlake": 0x7A80,
    "raptorlake": 0x7A80, "alderlake-p": 0x7A80,
}  # fmt: skip
_ON_THE_SAME_DIE = ("meteorlake",)
"""The south display is the GPU's own: no bridge is looked for."""


class I915(Struct, frozen=True):
    """One kernel's. ``ids`` tells a PCH's type by its device id under ``mask``.

    ``first_only``: it looks at the first ISA bridge alone. ``guess`` has a type or an id by GPU, {} where it does not
    guess; ``guess_unseen``: it also guesses in a guest that has no bridge it knows. ``broadwell_any``: on Broadwell
    any ISA bridge of Intel's is taken for Lynx Point-LP. ``on_die``: GPUs without a PCH are known.
    """

    name: str
    source: str
    mask: int
    ids: Mapping[int, str]
    first_only: bool = False
    guess: Mapping[str, str | int] = field(default_factory=dict)
    guess_unseen: bool = False
    broadwell_any: bool = False
    on_die: bool = False

    @property
    def known(self) -> Known:
        """Read, nothing was run."""
        return Known("read", self.source)

    def probe(self, config: Config) -> Found:
        """Scan the buses as the kernel did before, and go through the ISA bridges among what it found."""
        functions = list(scanned(config))
        device = next((each.device for each in functions if each.vendor == INTEL and each.kind >> 8 == _DISPLAY), 0)
        family = family_of_device(device)
        gpu = family.name if family else ""
        if self.on_die and gpu in _ON_THE_SAME_DIE:
            return Found("MTL", "by the GPU alone")
        bridges = [each for each in functions if each.kind == ISA]
        for bridge in bridges[:1] if self.first_only else bridges:
            found = self._judged(bridge, gpu, device)
            if found:
                return found
        if self.guess_unseen and config.guest:
            return self._guessed(gpu, device, "no ISA bridge that it knows")
        return Found(NONE, f"{bridges[0]} is none that it knows" if bridges else "no ISA bridge")

    def _judged(self, bridge: Seen, gpu: str, device: int) -> Found | None:
        """What one ISA bridge says; None where it says nothing to this kernel."""
        if bridge.vendor != INTEL:
            return None
        number = bridge.device & self.mask
        if self.broadwell_any and gpu == "broadwell" and number not in _OLD:
            return Found("LPT-LP", f"a Broadwell, and {bridge}")
        if number in self.ids:
            return Found(self._named(number), str(bridge))
        if not self.guess or not (number in _PIIX or (number == _ICH9 and bridge.subsystem == _QEMU_SUBSYSTEM)):
            return None
        return self._guessed(gpu, device, f"{bridge} is a hypervisor's")

    def _guessed(self, gpu: str, device: int, why: str) -> Found:
        guess = self.guess.get(gpu, "NOP" if self.guess is _GUESS_4_8 else NONE)
        if isinstance(guess, int):
            guess = self._named(_LOW_POWER[0] if guess == _HIGH[0] and _is_ult(gpu, device) else guess)
        return Found(guess, f"guessed by the GPU: {why}")

    def _named(self, number: int) -> str:
        return self.ids[number] + ("-LP" if number in _LOW_POWER else "-H" if number in _HIGH else "")


def _is_ult(gpu: str, device: int) -> bool:
    """Whether CPU and PCH share a package (Linux include/drm/intel/pciids.h, INTEL_HSW_ULT_*, _ULX_, INTEL_BDW_*)."""
    return device >> 8 == 0x0A if gpu == "haswell" else gpu == "broadwell" and device & 0xF in (0x6, 0xB, 0xE)


KERNELS = (
    I915("i915-3.6", "Linux 3.6, drivers/gpu/drm/i915/i915_drv.c", 0xFF00, _OLD, first_only=True),
    I915("i915-3.14", "Linux 3.14 (Valley View branch), i915_drv.c", 0xFF00, _OF_3_14, broadwell_any=True),
    I915("i915-4.8", "Linux 4.8.18, drivers/gpu/drm/i915/i915_drv.c", 0xFF00, _OF_4_8, guess=_GUESS_4_8),
    I915(
        "i915-6.12", "Linux 6.12, drivers/gpu/drm/i915/soc/intel_pch.c", 0xFF80, _OF_6_12, guess=_GUESS_6_12,
        guess_unseen=True, on_die=True,
    ),
)  # fmt: skip


def pch_of(number: int) -> str:
    """The short name of the PCH whose 00:1f.0 has device id ``number``, as the newest kernel here has it."""
    newest = KERNELS[-1]
    masked = number & newest.mask
    return newest._named(masked) if masked in newest.ids else NONE
