"""OVMF's image places: a machine with just what it is asked to place runs it, as far as its boot manager."""

from __future__ import annotations

from fwsim.devices.serial import SerialPort
from fwsim.environment.uefi_reset import UefiReset
from fwsim.errors import FwsimError
from fwsim.firmware.interface import typed
from fwsim.firmware.ovmf_image import OvmfImage, OvmfImageOptions
from fwsim.firmware.request import Placement, Request
from fwsim.machine.power_on import show_rom, switch_on
from fwsim.rom.chain import read_file
from fwsim.running.executed import booted, is_intel_display, machine_of
from fwsim.units import GIB

_CODE = 16 * GIB
"""Code bytes that a boot may execute: Debian's builds take 2.5 billion."""


class PlacingOvmf(OvmfImage):
    """OVMF's image as an allocator."""

    def place(self, request: Request) -> Placement:
        """Run the image on a machine of ``request``'s functions until it would boot. Raises FwsimError for no image."""
        if request.cpu.count > 1:
            raise FwsimError(
                "the engine has one CPU", where="--cpus", found=str(request.cpu.count), expected="1",
                hint="leave --cpus out",
            )  # fmt: skip
        if request.cpu.phys_bits > self.most_bits:
            raise FwsimError(
                f"more address bits than {self.shown} can be run with", where="--phys-bits",
                found=str(request.cpu.phys_bits), expected=f"{self.most_bits} at most: the engine's CPU has no more",
                hint=f"--phys-bits {self.most_bits}: its 64-bit BARs are then elsewhere",
            )  # fmt: skip
        options = typed(request.options, OvmfImageOptions)
        code = self.read(options.image, "--option image")
        variables = self.variables(options.image, options, "--option variables")
        built = machine_of(request, self, _CODE)
        machine = built.machine
        display = next((each for each in machine.functions if is_intel_display(each.spec)), None)
        if options.driver and display:
            show_rom(machine, display, read_file(options.driver, expected="an EFI ROM"))
        machine.add_device(SerialPort(built.log.append))
        switch_on(machine, code, request.cpu, variables)
        return booted(UefiReset(built), request)


OVMF_IMAGE = PlacingOvmf()
