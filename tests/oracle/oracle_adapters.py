"""Each vector has the adapter that asks fwsim for it: rows of (system prefix, case prefix, adapter)."""

import measured_bios
import measured_chipset
import measured_hvmloader
import measured_ovmf
import measured_qemu
import measured_seabios
import measured_vbt
import read_firmware
import read_hypervisor
import read_linux

ADAPTERS = [
    *measured_bios.ROWS,
    *measured_chipset.ROWS,
    *measured_hvmloader.ROWS,
    *measured_ovmf.ROWS,
    *measured_qemu.ROWS,
    *measured_seabios.ROWS,
    *measured_vbt.ROWS,
    *read_firmware.ROWS,
    *read_hypervisor.ROWS,
    *read_linux.ROWS,
]
