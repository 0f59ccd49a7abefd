"""Bits of the registers that a vBIOS waits for or drives, as Linux's headers have them: the names that a decode gives.

Sources: Linux drivers/gpu/drm/i915, display/intel_display_regs.h (DPLL_STATUS: DPLL_LOCK, LCPLL_CTL, CDCLK_CTL),
intel_fdi_regs.h, intel_gmbus_regs.h, intel_dp_aux_regs.h, intel_pps_regs.h, i915_reg.h (PIPECONF, power wells).
"""

import pytest

from fwsim.registers.core import decode
from fwsim.registers.database import name_of

BITS = {
    # DPLL_LOCK(id): 1 << 8 * id
    ("skylake", 0x6C060): {0: "DPLL0", 8: "DPLL1", 16: "DPLL2", 24: "DPLL3"},
    # FDI_RX_ENABLE, FDI_FS_ERRC_ENABLE, FDI_FE_ERRC_ENABLE, FDI_DP_PORT_WIDTH 21:19, FDI_RX_LINK_REVERSAL_OVERRIDE and
    # FDI_DMI_LINK_REVERSE_MASK, FDI_RX_PLL_ENABLE, FDI_FS_ERR_CORRECT_ENABLE, FDI_AUTO_TRAINING,
    # FDI_LINK_TRAIN_PATTERN_MASK_CPT 9:8, FDI_RX_ENHANCE_FRAME_ENABLE, FDI_PCDCLK
    ("sandybridge", 0xF000C): {
        31: "ENABLE", 27: "FS_ERRC", 26: "FE_ERRC", 21: "LANES", 20: "LANES", 19: "LANES", 15: "REVERSAL",
        14: "REVERSAL", 13: "PLL", 11: "ERRORS", 10: "AUTO", 9: "TRAIN", 8: "TRAIN", 6: "ENHANCED", 4: "CLOCK",
    },
    ("haswell", 0xF000C): {16: "POLARITY"},  # FDI_RX_POLARITY_REVERSED_LPT
    # FDI_RX_INTER_LANE_ALIGN, FDI_RX_SYMBOL_LOCK, FDI_RX_BIT_LOCK
    ("sandybridge", 0xF0014): {10: "INTER_LANE", 9: "SYMBOL_LOCK", 8: "BIT_LOCK"},
    # GPIO_CLOCK_DIR_MASK, _DIR_OUT, _VAL_MASK, _VAL_OUT, _VAL_IN, _PULLUP_DISABLE; GPIO_DATA_* eight bits up
    ("ivybridge", 0xC5010): {
        0: "CLOCK_DIR_MASK", 1: "CLOCK_DIR", 2: "CLOCK_VALUE_MASK", 3: "CLOCK_OUT", 4: "CLOCK_IN", 5: "CLOCK_PULLUP",
        8: "DATA_DIR_MASK", 9: "DATA_DIR", 10: "DATA_VALUE_MASK", 11: "DATA_OUT", 12: "DATA_IN", 13: "DATA_PULLUP",
    },
    # GMBUS_SW_CLR_INT, GMBUS_SW_RDY, GMBUS_CYCLE_STOP/INDEX/WAIT 27:25, GMBUS_BYTE_COUNT_SHIFT 16, GMBUS_SLAVE_READ
    ("ivybridge", 0xC5104): {31: "CLEAR", 30: "READY", 27: "CYCLE", 25: "CYCLE", 24: "COUNT", 16: "COUNT", 0: "READ"},
    # GMBUS_INUSE, GMBUS_HW_WAIT_PHASE, GMBUS_HW_RDY, GMBUS_SATOER, GMBUS_ACTIVE
    ("ivybridge", 0xC5108): {15: "INUSE", 14: "WAIT", 11: "READY", 10: "NAK", 9: "ACTIVE"},
}  # fmt: skip
"""By host cpu and MMIO offset: which field a bit belongs to."""


@pytest.mark.parametrize(("cpu", "offset"), BITS, ids=lambda value: f"{value:#x}" if isinstance(value, int) else value)
def test_a_bit_is_its_fields(cpu, offset):
    register = name_of("mmio", offset, cpu)
    found = {bit: [row.field for row in decode(register, 1 << bit) if row.value] for bit in BITS[cpu, offset]}
    assert found == {bit: [name] for bit, name in BITS[cpu, offset].items()}
