"""Boards' VBTs, as igt 2.5 and Linux 6.12's rules read them, are found under $FWSIM_ROMS by their SHA-256."""

import os

import pytest
from real_files import by_hash

from fwsim.rom.source import find_vbt

PWM = 2
"""The one kind of backlight whose minimum Linux reads at all."""


def table(vector):
    told = vector["in"]
    path = by_hash(os.environ.get("FWSIM_ROMS", "")).get(told["sha256"])
    if path is None:
        pytest.skip(f"{told['tree']} {told['path']} is not under $FWSIM_ROMS")
    found = find_vbt(path)
    vbt, tables = found.vbt, found.tables
    sizes = {}
    for block in vbt.blocks:
        sizes.setdefault(block.id, block.size)
    options = tables.block(40)
    return {
        "vbt_version": vbt.version,
        "bdb_version": vbt.bdb_version,
        "vbt_size": vbt.size,
        "bdb_offset": vbt.bdb_offset - vbt.offset,
        "signature": vbt.signature.ljust(20),
        "blocks": sorted(sizes),
        "block_sizes": {number: size for number, size in sizes.items() if number != 53},
        "block_41_present": tables.block(41) is not None,
        "child_devices": [child_device(child, vbt.bdb_version) for child in tables.children() if child.present],
        "panel_type": options.raw[0] if options else None,
        **panel(tables),
    }


def child_device(child, version):
    """A child device; before BDB version 155 the byte of its AUX channel is another port's pin."""
    said = {
        "handle": child.handle,
        "device_type": child.type,
        "dvo_port": child.port,
        "ddc_pin": child.ddc_pin,
    }
    return said if version < 155 else said | {"aux_channel": child.aux}


def panel(tables):
    """What the table says of the panel in use; every part is None where it says nothing."""
    found, light = tables.panel(), tables.backlight()
    return {
        "panel_timing": timing(found.timing) if found and found.timing else None,
        "panel_pointers": pointers(tables) if found else None,
        "panel_pnp": {"mfg": found.maker, "product": found.product} if found else None,
        "backlight": backlight(light) if light else None,
        "edp": edp(tables),
    }


def timing(mode):
    return {
        "clock_khz": mode.clock_khz,
        "hdisplay": mode.hactive,
        "hsync_start": mode.hsync_start,
        "hsync_end": mode.hsync_end,
        "htotal": mode.htotal,
        "vdisplay": mode.vactive,
        "vsync_start": mode.vsync_start,
        "vsync_end": mode.vsync_end,
        "vtotal": mode.vtotal,
        "hsync_positive": mode.hsync_positive,
        "vsync_positive": mode.vsync_positive,
    }


def pointers(tables):
    places, _ = tables.pointers()
    start = tables.block(42).start
    names = ("fp_timing", "dvo_timing", "pnp_id")
    return {name: place.offset - start for name, place in zip(names, places[tables.panel_type], strict=True)}


def backlight(light):
    said = {
        "inverter_type": light.kind,
        "active_low": light.active_low,
        "pwm_hz": light.pwm_hz,
        "min_brightness_byte": light.stored_minimum,
    }
    if light.kind == PWM:
        said |= {"min_brightness_i915": light.minimum}
    if light.least_level is not None:
        said |= {"level": light.level, "min_level": light.least_level}
    return said if light.bits is None else said | {"precision_bits": light.bits}


def edp(tables):
    block = tables.block(27)
    grid = tables.decode(next(each for each in tables.vbt.blocks if each.id == 27)).grids[0] if block else None
    row = next((row for row in grid.rows if row[0] == tables.panel_type), None) if grid else None
    if row is None:
        return None
    names = ("t1_t3", "t8", "t9", "t10", "t11_t12")
    return {name: round(10 * value) for name, value in zip(names, row[1:6], strict=True)} | {
        "unit": "100 us",
        "bpp": row[6],
    }


ROWS = [("vbt/", "", table)]
