"""QEMU's fw_cfg tells the firmware what the hypervisor has to say: selector 510h, data 511h, DMA 514h/518h.

Source: QEMU docs/specs/fw_cfg.rst. Keys: 0 signature "QEMU", 1 features (bit 0 traditional, bit 1 DMA), 19h directory.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Any

from fwsim.memory.ram import Ram

KEY_SIGNATURE, KEY_ID, KEY_DIRECTORY, KEY_FILES = 0x0000, 0x0001, 0x0019, 0x0020
WRITABLE = frozenset(("etc/ramfb", "etc/smi/requested-features"))
"""Files that the guest may write, as QEMU registers them with a write callback."""
_KEY_MASK = 0xBFFF
"""Of a selector: bit 14 was a write channel once, bit 15 the architecture's own items (hw/nvram/fw_cfg.c)."""
TABLES, RSDP, LOADER = "etc/acpi/tables", "etc/acpi/rsdp", "etc/table-loader"
_LATE = frozenset((TABLES, RSDP, LOADER))
"""Files that QEMU makes anew when the first of them is selected (hw/i386/acpi-build.c, acpi_build_update)."""
_ERROR, _READ, _SKIP, _SELECT, _WRITE = 1, 2, 4, 8, 16


class FwCfg:
    """The files of one guest; ``files`` holds what it wrote by DMA, too. ``low``: end of the RAM that DMA reaches.

    ``keys``: what else there is by number (SeaBIOS and OVMF ask for CPUs and the boot menu so). ``late`` makes the ACPI
    files, which say how the firmware set the board up, once it asks for them: all as long as those in ``files``.
    """

    ports: tuple[int, ...] = (0x510, 0x511, 0x514, 0x518)

    def __init__(
        self,
        ram: Ram,
        files: dict[str, bytes],
        low: int | None = None,
        *,
        keys: Mapping[int, bytes] | None = None,
        late: Callable[[], Mapping[str, bytes]] | None = None,
    ) -> None:
        self._ram = ram
        self._end = ram.size if low is None else low
        self.files: dict[str, bytearray] = {name: bytearray(files[name]) for name in sorted(files)}
        self._names = list(self.files)
        self._key = 0
        self._offset = 0
        self._dma_high = 0
        self._keys = keys or {}
        self._late = late
        self._made = False

    def read(self, port: int, width: int) -> int:
        """511h: the next byte of the selected item; 514h: "QEMU CFG" big endian, the sign that DMA is there."""
        if port == 0x511:
            data = self._item()
            value = data[self._offset] if self._offset < len(data) else 0
            self._offset += 1
            return value
        if port in (0x514, 0x518):
            half = b"QEMU CFG"[port - 0x514 : port - 0x510]
            return int.from_bytes(half, "little") & (1 << 8 * width) - 1
        return 0xFF

    def write(self, port: int, width: int, value: int) -> None:
        """510h: select an item; 514h and 518h: the big-endian address of a DMA request, its low half starts it."""
        if port == 0x510:
            self._select(value)
        elif width == 4:
            swapped = int.from_bytes(value.to_bytes(4, "little"), "big")
            if port == 0x514:
                self._dma_high = swapped
            else:
                self._dma(self._dma_high << 32 | swapped)
                self._dma_high = 0

    def _select(self, key: int) -> None:
        self._key, self._offset = key & _KEY_MASK, 0
        number = self._key - KEY_FILES
        if self._late and not self._made and 0 <= number < len(self._names) and self._names[number] in _LATE:
            self._made = True
            for name, data in self._late().items():
                self.files[name][:] = data

    def _item(self) -> bytes | bytearray:
        if self._key == KEY_SIGNATURE:
            return b"QEMU"
        if self._key == KEY_ID:
            return b"\3\0\0\0"
        if self._key == KEY_DIRECTORY:
            entries = b"".join(
                struct.pack(">IHH56s", len(self.files[name]), KEY_FILES + i, 0, name.encode())
                for i, name in enumerate(self._names)
            )
            return struct.pack(">I", len(self._names)) + entries
        number = self._key - KEY_FILES
        if 0 <= number < len(self._names):
            return self.files[self._names[number]]
        return self._keys.get(self._key, b"")

    def _dma(self, at: int) -> None:
        """One request: control (dword), length, address; big endian. Control reads 0 when done, 1 on error.

        As QEMU's hw/nvram/fw_cfg.c, fw_cfg_dma_transfer: past an item's end reads give zeros, writes are errors; only
        some files can be written at all, and only whole pieces inside them.
        """
        if at + 16 > self._end:
            return
        control, length, address = struct.unpack(">IIQ", self._ram.read(at, 16))
        if control & _SELECT:
            self._select(control >> 16)
        error = 0
        if control & _READ:
            error = self._dma_read(address, length)
        elif control & _WRITE:
            error = self._dma_write(address, length)
        if control & (_READ | _WRITE | _SKIP):
            self._offset += length
        self._ram.write(at, struct.pack(">I", error))

    def _dma_read(self, address: int, length: int) -> int:
        if address + length > self._end:
            return _ERROR
        chunk = bytes(self._item()[self._offset : self._offset + length])
        self._ram.write(address, chunk.ljust(length, b"\0"))
        return 0

    def _dma_write(self, address: int, length: int) -> int:
        data, number = self._item(), self._key - KEY_FILES
        writable = 0 <= number < len(self._names) and self._names[number] in WRITABLE
        if not writable or not isinstance(data, bytearray):
            return _ERROR
        if self._offset + length > len(data) or address + length > self._end:
            return _ERROR
        data[self._offset : self._offset + length] = self._ram.read(address, length)
        return 0

    def snapshot(self) -> object:
        """Selection and contents."""
        contents = {name: bytes(data) for name, data in self.files.items()}
        return self._key, self._offset, self._dma_high, self._made, contents

    def restore(self, state: Any) -> None:
        """Go back to it."""
        self._key, self._offset, self._dma_high, self._made, files = state
        for name, data in files.items():
            self.files[name][:] = data
