"""The guest's CPU as firmware sees it: QEMU's models with vendor, long mode and 1 GiB pages, and what a host gives.

Source: QEMU 7.2 asked by QMP (query-cpu-model-expansion of every model, full); the models that came later by
target/i386/cpu.c of 11.0, builtin_x86_defs. Physical address bits: x86_cpu_realizefn in the same file.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache

from fwsim.errors import FwsimError
from fwsim.firmware.request import Accel, Cpu

HOST = "host"
"""The model that is the host's own CPU; it takes KVM."""
INTEL, AMD = "GenuineIntel", "AuthenticAMD"
MODEL_BITS = 40
"""Physical address bits of a model that is given none (target/i386/cpu.h, TCG_PHYS_ADDR_BITS), by KVM as by TCG."""
MIN_BITS, MAX_BITS = 32, 52
"""What QEMU takes for phys-bits; 52 is the most that x86 page tables have room for."""
SHORT_BITS = 36
"""Bits of a CPU without long mode that has PSE-36; one without that has 32."""

_HUGE, _PLAIN, _SHORT, _PAE, _OLD = "1 GiB pages", "long mode", "PAE and PSE-36", "PAE", "neither"
_ROWS: tuple[tuple[str, str, str], ...] = (
    (INTEL, _PLAIN, "Conroe Penryn Nehalem Westmere SandyBridge IvyBridge Haswell Broadwell Skylake-Client core2duo "
                    "kvm64"),
    (INTEL, _HUGE, "Skylake-Server Cascadelake-Server Cooperlake Icelake-Server KnightsMill Denverton Snowridge "
                   "SapphireRapids GraniteRapids SierraForest ClearwaterForest DiamondRapids"),
    (INTEL, _SHORT, "pentium2 pentium3 kvm32"),
    (INTEL, _PAE, "coreduo n270 qemu32"),
    (INTEL, _OLD, "486 pentium"),
    (AMD, _PLAIN, "qemu64 Opteron_G1 Opteron_G2 Opteron_G3"),
    (AMD, _HUGE, "Opteron_G4 Opteron_G5 phenom EPYC EPYC-Rome EPYC-Milan EPYC-Genoa EPYC-Turin max"),
    (AMD, _SHORT, "athlon"),
    ("HygonGenuine", _HUGE, "Dhyana"),
    ("CentaurHauls", _HUGE, "YongFeng"),
)  # fmt: skip
MODELS: dict[str, tuple[str, str]] = {name: (vendor, kind) for vendor, kind, names in _ROWS for name in names.split()}
"""Model: vendor that it has by itself, and what it does about addresses of more than 32 bits."""
_NO_RDRAND = (
    "Conroe", "Penryn", "Nehalem", "Westmere", "SandyBridge", "core2duo", "kvm64", "qemu64", "phenom", "Opteron_G1",
    "Opteron_G2", "Opteron_G3", "Opteron_G4", "Opteron_G5",
)  # fmt: skip
"""64-bit models without RDRAND (target/i386/cpu.c, CPUID_EXT_RDRAND)."""
_SUFFIXES = ("-noTSX", "-IBRS", "-IBPB")

_BITS_36 = ("830", "845", "855", "865", "915", "945", "G33", "965", "G45", "GM45", "ironlake", "sandybridge",
            "ivybridge", "baytrail", "cherryview")  # fmt: skip
_OLDER = _BITS_36[: _BITS_36.index("ivybridge")]
"""Hosts without RDRAND, which came with Ivy Bridge and, of the Atoms, with Bay Trail."""
_BITS_46 = ("alderlake", "raptorlake", "meteorlake")


def host_bits(family: str) -> int:
    """Physical address bits of a host cpu's family, as its /proc/cpuinfo says.

    36 up to Ivy Bridge and in the Atoms of that time, 39 from Haswell on; 46 on the desktop from Alder Lake on (mobile
    ones of Alder and Raptor Lake have 39: give those by ``phys_bits``). Those of 36 bits have no 1 GiB pages: pdpe1gb
    is in a Core i7-4770's flags, and in neither a 2600's nor a 3770's.
    """
    return 36 if family in _BITS_36 else 46 if family in _BITS_46 else 39


@lru_cache(maxsize=256)
def guest_cpu(model: str = HOST, phys_bits: int = 0, count: int = 1, accel: Accel = "kvm", family: str = "") -> Cpu:
    """The guest's CPU. ``phys_bits`` 0: what the model has; ``family``: the host's, for the model ``host``.

    KVM gives every model the vendor of the host, which is an Intel where there is an IGD (QEMU target/i386/host-cpu.c,
    host_cpu_instance_init); TCG leaves each its own. Raises FwsimError for a model that QEMU does not have, bits that
    no CPU has, and for ``host`` under TCG.
    """
    if model == HOST and accel == "tcg":
        raise FwsimError(
            "cpu model host requires KVM", where="guest.cpu", found=f"{model} with accel {accel}",
            expected="a model that TCG can be", hint='such as "max" or "qemu64", or accel = "kvm"',
        )  # fmt: skip
    base = _base(model)
    vendor, kind = (INTEL, _PLAIN if family in _BITS_36 else _HUGE) if base == HOST else MODELS[base]
    if accel == "kvm":
        vendor = INTEL
    wide = kind in (_HUGE, _PLAIN)
    if phys_bits and not wide:
        raise FwsimError(
            "phys-bits cannot be chosen for a CPU without long mode", where="guest.phys_bits", found=str(phys_bits),
            expected="none", hint=f"leave it out, or take a 64-bit model instead of {model}",
        )  # fmt: skip
    if phys_bits and not MIN_BITS <= phys_bits <= MAX_BITS:
        raise FwsimError(
            "physical address bits that no CPU has", where="guest.phys_bits", found=str(phys_bits),
            expected=f"{MIN_BITS} to {MAX_BITS}", hint="the host's: grep 'address sizes' /proc/cpuinfo",
        )  # fmt: skip
    is_host = accel == "kvm" and model in (HOST, "max")  # max takes the host's bits too, host_cpu_max_instance_init
    own = (host_bits(family) if is_host else MODEL_BITS) if wide else SHORT_BITS if kind == _SHORT else 32
    return Cpu(
        vendor=vendor, phys_bits=phys_bits or own, long_mode=wide, count=count, one_gib_pages=kind == _HUGE,
        rdrand=wide and (family not in _OLDER if is_host else base not in _NO_RDRAND), pae=kind != _OLD, model=model,
        accel=accel,
    )  # fmt: skip


def models() -> list[str]:
    """The names of all models, without their versions."""
    return [HOST, *sorted(MODELS, key=str.lower)]


def _base(name: str) -> str:
    """The model that ``name`` is, its version (-v4) and the aliases of versions (-IBRS) left out. Raises FwsimError."""
    base, dash, version = name.rpartition("-v")
    base = base if dash and version.isdecimal() else name
    while base not in MODELS and base.endswith(_SUFFIXES):
        base = base.rpartition("-")[0]
    if base == HOST or base in MODELS:
        return base
    lower = {each.lower(): each for each in models()}
    near = [lower[each] for each in get_close_matches(name.lower(), lower, n=3, cutoff=0.5)]
    raise FwsimError(
        "no such CPU model", where="guest.cpu", found=repr(name), expected=", ".join(models()),
        hint=f"did you mean {' or '.join(near)}?" if near else "qemu-system-x86_64 -cpu help lists them",
    )  # fmt: skip
