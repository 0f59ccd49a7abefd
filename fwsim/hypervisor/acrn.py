"""ACRN maps the host's own stolen memory and OpRegion into the guest, at addresses that its release and device decide.

Source: acrn-hypervisor devicemodel/hw/pci/passthrough.c, lpc.c and hostbridge.c at the tags v1.5 to v3.3 (post-launched
VMs), hypervisor/dm/vpci/pci_pt.c, vpci.c and vhostbridge.c at v3.3 (pre-launched ones).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fwsim.errors import FwsimError
from fwsim.exactness import Known
from fwsim.firmware.acrn import ECAM, LOW_LIMIT, OPREGION_SIZE, RULES, Rules, guest_addresses, prelaunched_asls
from fwsim.firmware.request import Function
from fwsim.hypervisor import own_chipset
from fwsim.hypervisor.interface import ASLS, LPC_BRIDGE, Assignment, Choice, Device, Hypervisor, Register
from fwsim.registers.families import family_of_device

_NO_GVTD, _PRELAUNCHED = "", "pre-launched"
RELEASES = {
    "1.5": _NO_GVTD, "2.4": "2.4", "2.5": "2.4", "2.6": "2.6", "2.7": "2.7", "3.0": "3.0", "3.1": "3.0", "3.2": "3.2",
    "3.3": "d61d98cf", _PRELAUNCHED: _PRELAUNCHED,
}  # fmt: skip
"""Release: the version of the allocator's rules that it has; "" for one that places nothing."""
_GMS = 0x51
_PAGE, _U32 = 0x1000, 0xFFFFFFFF
_OLD, _NEW = ("skylake", "apollolake", "geminilake", "kabylake", "coffeelake", "cometlake"), 11
"""The families of igd_device_tbl before gen 11; from there on what is not in it is taken right all the same."""
_VHOSTBRIDGE = {
    0x00: 0x5AF08086, 0x08: 0x0600000B, 0x0C: 0x00800000, 0x34: 0xE0, 0x3C: 0xE0, 0x48: 0xFED10001, 0x50: 0x2C1,
    0x54: 0x33, 0x58: 0x7FF00007, 0x60: ECAM[0] | 1, 0xA8: 0x80000000, 0xAC: 2, 0xB0: 0x7C000001, 0xB4: 0x7B800001,
    0xB8: 0x7B000001, 0xBC: 0x80000001, 0xE0: 0x010C0009, 0xF4: 0x011C0F00,
}  # fmt: skip
"""00:00.0 of a pre-launched VM: an Apollo Lake's, whatever the host is (vhostbridge.c, init_vhostbridge)."""


class Acrn(Hypervisor):
    """``acrn``: the profile is a release, whose device model runs post-launched VMs; or ``pre-launched``.

    ``vga`` "on" passes the VGA ranges, which ACRN never does.
    """

    kind = "acrn"
    defaults = "3.2"
    profiles = ("1.5", "2.4", "3.2", "3.3", "pre-launched")

    def __init__(self, choice: Choice) -> None:
        """Raises FwsimError for a profile that there is not."""
        super().__init__(choice)
        if self.profile not in RELEASES:
            raise FwsimError(
                "no such ACRN release", where="hypervisor.profile", found=f'"{self.profile}"',
                expected=", ".join(RELEASES),
                hint="up to 1.5 GMS reads 0, from 2.4 on stolen memory is at 7C000000h or at the host's; what was "
                "between is not modelled",
            )  # fmt: skip
        self.version = RELEASES[self.profile]

    @property
    def rules(self) -> Rules:
        """Those of the release, where it has GVT-d."""
        return RULES[self.version]

    @property
    def title(self) -> str:
        """As sentences name it."""
        return "ACRN, pre-launched," if self.version == _PRELAUNCHED else f"ACRN {self.profile}"

    @property
    def known(self) -> Known:
        """Nothing of it was held against a running ACRN."""
        if self.version == _PRELAUNCHED:
            return Known("read", "acrn-hypervisor v3.3: hypervisor/dm/vpci/pci_pt.c, vpci.c, vhostbridge.c")
        return Known("read", f"acrn-hypervisor v{self.profile}: devicemodel/hw/pci/passthrough.c")

    @property
    def story(self) -> str:
        """One sentence."""
        if self.version == _NO_GVTD:
            return f"{self.title} stands between: it shows the guest GMS 0, and BDSM and ASLS as the host has them."
        if self.version == _PRELAUNCHED:
            return (
                "ACRN's hypervisor stands between: it maps the host's OpRegion read-only and places no stolen memory, "
                "whose base the guest reads as the host has it."
            )
        return (
            f"{self.title} stands between: it maps the host's own stolen memory and OpRegion into the guest, and the "
            "guest reads where; its firmware is UEFI, so the vBIOS runs by fwsim's own services."
        )

    @property
    def placed_by(self) -> tuple[str, str]:
        """The device model's or the hypervisor's own rules; up to 1.5 nobody places."""
        return ("acrn", self.version) if self.version else ("none", "")

    def ram_split(self, machine: str, ram: int) -> tuple[int, int]:
        """Up to 2 GiB below (core/vmmapi.c, lowmem_limit), whatever the machine."""
        low = min(ram, LOW_LIMIT)
        return low, ram - low

    def assign(self, device: Device) -> Assignment:
        """passthru_init and passthru_gpu_dsm_opregion; init_vdev_pt for a pre-launched VM."""
        given = Assignment(generation=device.generation, own_bdsm=False, opregion=False, vga=self.choice.vga == "on")
        if self.version == _NO_GVTD:
            given.registers.append(Register(_GMS, 1, "hidden"))
            given.ggc = device.ggc & 0xFF
        elif self.version == _PRELAUNCHED:
            given.opregion = True
            given.registers.append(Register(ASLS, 4, value=prelaunched_asls(device.asls)))
        elif device.vendor == 0x8086 and device.class_code >> 16 == 0x03:
            if device.at_1f == "usual":
                given.lpc = (0, 0) if device.machine == "pc" else None  # its ids are the host's
                given.copies = {LPC_BRIDGE: own_chipset.HOST_IDS}
            self._gvt_d(device, given)
        return given

    def _gvt_d(self, device: Device, given: Assignment) -> None:
        """BDSM and ASLS of the guest's own, which it cannot write; none where the size is one that ACRN refuses."""
        if self.rules.wide is None and not _listed(device.device_id):
            given.messages.append(
                f"warning: Device 8086:{device.device_id:04x} is not an igd device in allowlist, assuming it is gen "
                "11+. GVT-d may not working properly"
            )
            if device.generation < _NEW:
                given.error = (
                    f"8086:{device.device_id:04x} is not in ACRN's list, and taken for generation 11: of BDSM at C0h, "
                    "which it has not, 0 is read, and stolen memory would lie over the guest's first RAM"
                )
                given.error_field = "profile"
                return
        if not self.rules.size(device.ggc):
            if device.ggc >> 8:
                given.messages.append(
                    f"error: igd_dsm_region_size: Invalid GMS value in GGC register. GGC = {device.ggc:04x}"
                )
            given.messages.append("error: Invalid igd dsm region size, check DVMT Pre-Allocated option in BIOS")
            return
        wide = self.rules.is_wide(device.device_id, device.generation)
        igd = guest_addresses(wide, device.bdsm | 1, device.asls, self.rules.opregion)
        given.own_bdsm = given.opregion = True
        given.stolen = self.rules.size(device.ggc)
        given.registers.append(Register(igd.bdsm_register, 8 if wide else 4, value=igd.bdsm & _U32))
        given.registers.append(Register(ASLS, 4, value=igd.asls))

    def registers(self, device: Device, given: Assignment, function: Function) -> Sequence[Register]:
        """The IGD's; the host bridge of a post-launched VM is NetApp's, of a pre-launched one an Apollo Lake's."""
        if function.bdf == device.devfn:
            return given.registers
        prelaunched = self.version == _PRELAUNCHED
        bridge: Mapping[int, int] = _VHOSTBRIDGE if prelaunched else own_chipset.NETAPP
        lpc: Mapping[int, int] | None = {} if given.copies else None
        return own_chipset.answered(function, bridge, lpc, stored=not prelaunched)

    def opregion(self, content: bytes, asls: int) -> bytes:
        """The host's pages themselves, as many as are mapped: what the guest writes there the host's firmware reads."""
        size = self.rules.opregion if self.version else OPREGION_SIZE
        return content[: size - asls % _PAGE]


def _listed(device_id: int) -> bool:
    """Whether igd_device_tbl has this device: of Skylake to Comet Lake, or from Ice Lake on."""
    found = family_of_device(device_id)
    return found is not None and (found.name in _OLD or (found.gen >= _NEW and found.name != "meteorlake"))
