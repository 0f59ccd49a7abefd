"""Each data block of a VBT has its decoder, by number; a block without one stays bytes."""

from collections.abc import Callable

from msgspec import Struct

from fwsim.rom import bdb_lists as lists
from fwsim.rom import panels as lfp
from fwsim.rom.backlight import Backlight, backlight_grid, backlights
from fwsim.rom.bdb_fields import Decoded, Grid, Row, Value, read_rows
from fwsim.rom.bdb_lanes import EDP_LATER, LFP_TAIL, POWER_LATER
from fwsim.rom.bdb_mipi import mipi_sequences
from fwsim.rom.bdb_tables import (
    DRIVER_FEATURES,
    GENERAL_DEFINITIONS,
    GENERAL_FEATURES,
    LFP_OPTIONS,
    LFP_OPTIONS_END,
    LFP_POWER,
    PANELS,
    SDVO_LVDS_OPTIONS,
)
from fwsim.rom.bdb_words import register_list, swing_tables
from fwsim.rom.child import HEADER_SIZE, MINIMUM_SIZE, ChildDevice, child_devices
from fwsim.rom.panels import Panel
from fwsim.rom.vbt import BdbBlock, Vbt


class Block(Struct, frozen=True):
    """A data block with its bytes: ``raw`` without the block's header, ``start`` of it from the BDB's start."""

    id: int
    raw: bytes
    offset: int
    start: int


class Tables(Struct, frozen=True):
    """A VBT with its bytes at hand: what the decoders need of each other's blocks."""

    vbt: Vbt
    data: bytes

    def block(self, id: int) -> Block | None:
        """The first data block of this number, or None."""
        found = next((block for block in self.vbt.blocks if block.id == id), None)
        return self.open(found) if found else None

    def open(self, block: BdbBlock) -> Block:
        """``block`` with its bytes."""
        start = block.offset + 3
        return Block(block.id, self.data[start : start + block.size], start, start - self.vbt.bdb_offset)

    @property
    def panel_type(self) -> int | None:
        """Which of the sixteen panels is there, by block 40; None without one, or when it says none of them."""
        options = self.block(40)
        return options.raw[0] if options and options.raw and options.raw[0] < PANELS else None

    def children(self) -> tuple[ChildDevice, ...]:
        """The child devices of block 2, records of type 0 included."""
        block = self.block(2)
        return child_devices(block.raw, block.offset, self.vbt.bdb_version) if block else ()

    def pointers(self) -> lfp.Pointers | None:
        """Where the pieces of the LFP data lie: by block 41, or computed where it is absent; None if they cannot be."""
        block, data = self.block(41), self.block(42)
        if block is not None:
            return lfp.lfp_pointers(block.raw)
        return lfp.computed_pointers(len(data.raw), data.start, self.vbt.bdb_version) if data else None

    def panels(self) -> tuple[Panel, ...]:
        """The panels of block 42 whose pointers are right: block 41's, or the computed ones."""
        return self._panels()[0]

    def panel(self) -> Panel | None:
        """The panel that is there: the one of ``panel_type``; None when the table does not know it."""
        return next((panel for panel in self.panels() if panel.index == self.panel_type), None)

    def backlight(self) -> Backlight | None:
        """The backlight of the panel that is there, by block 43; None when the table does not know it."""
        block = self.block(43)
        lights = backlights(block.raw, self.vbt.bdb_version) if block else ()
        return next((light for light in lights if light.index == self.panel_type), None)

    def _panels(self) -> tuple[tuple[Panel, ...], tuple[str, ...]]:
        data = self.block(42)
        if data is None:
            return (), ()
        pointers = self.pointers()
        if pointers is None:
            return (), ("no pointers (block 41) to the LFP data, and none can be computed",)
        return lfp.lfp_panels(pointers, data.raw, data.start)

    def decode(self, block: BdbBlock) -> Decoded | None:
        """What ``block`` says; None for a block that is only named."""
        opened = self.open(block)
        decoder = _DECODERS.get(block.id)
        if decoder is not None:
            return decoder(self, opened)
        layouts = lists.LAYOUTS.get(block.id, ())
        layout = next((each for each in layouts if each.fits(opened.raw, self.vbt.bdb_version)), None)
        return layout.decode(opened.raw, self.vbt.bdb_version, self.panel_type) if layout else None


def _general_features(tables: Tables, block: Block) -> Decoded:
    return Decoded(read_rows(block.raw, GENERAL_FEATURES, tables.vbt.bdb_version))


def _general_definitions(tables: Tables, block: Block) -> Decoded:
    size = block.raw[4] if len(block.raw) >= HEADER_SIZE else 0
    rows = read_rows(block.raw[:HEADER_SIZE], GENERAL_DEFINITIONS, tables.vbt.bdb_version)
    devices = child_devices(block.raw, block.offset, tables.vbt.bdb_version)
    if size < MINIMUM_SIZE:
        return Decoded(rows, (), (f"child devices of {size} bytes; at least {MINIMUM_SIZE} are needed",))
    count, rest = divmod(len(block.raw) - HEADER_SIZE, size)
    problems: tuple[str, ...] = (f"{rest} bytes follow the last whole child device",) if rest else ()
    if count > len(devices):
        problems += (f"{count} child devices: only the first {len(devices)} are shown",)
    return Decoded(rows, (children_grid(devices),), problems)


def _legacy_devices(tables: Tables, block: Block) -> Decoded:
    """Block 11: Linux names no field of its records but their size."""
    size = block.raw[0] if block.raw else 0
    count = (len(block.raw) - 1) // size if size else 0
    return Decoded((Row("child device size", size, f"{size} bytes"), Row("child devices", count, str(count))))


def children_grid(devices: tuple[ChildDevice, ...]) -> Grid:
    """The child devices at a line each; those of type 0 are left out."""
    rows = tuple(
        (
            *(child.index, child.handle_name, f"{child.type:04x}", child.type_name, child.port_name),
            *(child.ddc_pin or "-", child.aux_name or "-", child.id or _also(child)),
        )
        for child in devices
        if child.present
    )
    return Grid("Child devices", ("", "device", "type", "", "port", "DDC", "AUX", "more"), rows)


def _also(child: ChildDevice) -> str:
    said = (("HDMI", child.hdmi), ("DP", child.dp), ("TMDS", child.tmds), ("docked", child.docked))
    text = [name for name, holds in said if holds]
    if child.i2c_address:
        text.append(f"I2C {child.i2c_address:#x}")
    return ", ".join(text)


def _psr(tables: Tables, block: Block) -> Decoded:
    return Decoded((), (lfp.psr_grid(block.raw, tables.vbt.bdb_version, tables.panel_type),))


def _driver_features(tables: Tables, block: Block) -> Decoded:
    return Decoded(read_rows(block.raw, DRIVER_FEATURES, tables.vbt.bdb_version))


def _sdvo_options(tables: Tables, block: Block) -> Decoded:
    return Decoded(read_rows(block.raw[:22], SDVO_LVDS_OPTIONS, tables.vbt.bdb_version))


def _sdvo_timings(tables: Tables, block: Block) -> Decoded:
    return Decoded((), (lfp.dtd_grid(block.raw),))


def _edp(tables: Tables, block: Block) -> Decoded:
    version, panel = tables.vbt.bdb_version, tables.panel_type
    later = tuple(lanes.grid(block.raw, version, panel) for lanes in EDP_LATER)
    return Decoded((), lfp.edp_grids(block.raw, version, panel) + tuple(grid for grid in later if grid.rows))


def _lfp_options(tables: Tables, block: Block) -> Decoded:
    rows = read_rows(block.raw[:LFP_OPTIONS_END], LFP_OPTIONS, tables.vbt.bdb_version)
    type_ = block.raw[0] if block.raw else 0
    known = {panel.index for panel in tables.panels()}
    problems: tuple[str, ...] = ()
    if type_ == 0xFF:
        problems = ("panel type FFh: chosen by its EDID, not by this table",)
    elif tables.block(42) is not None and type_ not in known:
        problems = (f"panel type {type_} is none of the LFP data's panels",)
    return Decoded(rows, (lfp.options_grid(block.raw, tables.panel_type),), problems)


def _lfp_pointers(tables: Tables, block: Block) -> Decoded:
    places, names = lfp.lfp_pointers(block.raw)
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (index, *(f"{place.offset:#x} ({place.size:#x})" for place in places[index])) for index in range(len(places))
    )
    if names is not None:
        rows += (("names", f"{names.offset:#x} ({names.size:#x})", "", ""),)
    columns = ("panel", "registers", "timing", "PnP id")
    return Decoded((), (Grid("Offsets from the BDB (sizes)", columns, rows, tables.panel_type),))


def _lfp_data(tables: Tables, block: Block) -> Decoded:
    panels, problems = tables._panels()
    if block.id == 42 and (first := tables.block(42)) is not None and first.offset != block.offset:
        return Decoded(problems=("a second block of LFP data: the first one counts",))
    pointers = tables.pointers()
    names = pointers[1] if pointers else None
    tail = block.raw[names.offset - block.start :] if names and names.offset >= block.start else b""
    more = LFP_TAIL.grid(tail, tables.vbt.bdb_version, tables.panel_type)
    return Decoded((), (lfp.panels_grid(panels, tables.panel_type), *([more] if more.rows else ())), problems)


def _backlight(tables: Tables, block: Block) -> Decoded:
    return Decoded((), (backlight_grid(block.raw, tables.vbt.bdb_version, tables.panel_type),))


def _lfp_power(tables: Tables, block: Block) -> Decoded:
    version = tables.vbt.bdb_version
    grids = tuple(lanes.grid(block.raw, version, tables.panel_type) for lanes in POWER_LATER)
    return Decoded(read_rows(block.raw[:22], LFP_POWER, version), tuple(grid for grid in grids if grid.rows))


def _generic_timings(tables: Tables, block: Block) -> Decoded:
    return Decoded((), (lfp.generic_grid(block.raw, tables.panel_type),))


def _registers(tables: Tables, block: Block) -> Decoded:
    return register_list(block.raw)


def _mipi_sequences(tables: Tables, block: Block) -> Decoded:
    return mipi_sequences(block.raw)


def _swing(tables: Tables, block: Block) -> Decoded:
    return swing_tables(block.raw)


_DECODERS: dict[int, Callable[[Tables, Block], Decoded]] = {
    1: _general_features,
    2: _general_definitions,
    6: _registers,
    7: _registers,
    8: _registers,
    9: _psr,
    11: _legacy_devices,
    12: _driver_features,
    22: _sdvo_options,
    23: _sdvo_timings,
    27: _edp,
    40: _lfp_options,
    41: _lfp_pointers,
    42: _lfp_data,
    43: _backlight,
    44: _lfp_power,
    53: _mipi_sequences,
    57: _swing,
    58: _generic_timings,
}
