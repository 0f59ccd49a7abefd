"""Bits of the registers that a vBIOS waits for or drives, as Linux's headers have them: the names that a decode gives.

Sources: Linux drivers/gpu/drm/i915, i915_reg.h (DPLL_STATUS), display/intel_fdi_regs.h, intel_gmbus_regs.h,
intel_hdcp_regs.h, intel_psr_regs.h, skl_universal_plane_regs.h, intel_fbc_regs.h, intel_tv_regs.h, bxt_dpio_phy_regs.h;
the names of its macros stand beside the bits.
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
    # HDCP_TRANSA_REP_PRESENT, HDCP_SHA1_V_MATCH 19, COMPLETE, READY, BUSY; HDCP_DDIB_REP_PRESENT and DDIE before gen 12
    ("tigerlake", 0x66D00): {
        31: "TRANS_A", 28: "TRANS_D", 20: "M0", 19: "MATCH", 18: "COMPLETE", 17: "READY", 16: "BUSY",
    },
    ("icelake", 0x66D00): {30: "DDI_B", 25: "DDI_E", 22: "M0_DDI", 1: "COMMAND"},
    # PSR2_MAN_TRK_CTL_ENABLE, _SU_REGION_START_ADDR 30:21, _END_ADDR 20:11; ADLP_ 28:16, 12:0, _SF_SINGLE_FULL_FRAME 14
    ("tigerlake", 0x60910): {
        31: "ENABLE", 30: "START", 21: "START", 20: "END", 11: "END", 3: "SINGLE_FULL", 1: "PARTIAL",
    },
    ("alderlake-p", 0x60910): {
        31: "PARTIAL_ADL", 28: "START_ADL", 16: "START_ADL", 14: "SINGLE_FULL_ADL", 12: "END_ADL",
    },
    # PLANE_WM_EN, _IGNORE_LINES, _LINES_MASK 26:14, _BLOCKS_MASK 11:0: plane 3, pipe B, level 5
    ("skylake", 0x71454): {31: "ENABLE", 30: "IGNORE_LINES", 26: "LINES", 14: "LINES", 11: "BLOCKS", 0: "BLOCKS"},
    # DPFC_CTL_EN, DPFC_CTL_PLANE_MASK_IVB 30:29, DPFC_CTL_FENCE_EN_IVB, DPFC_CTL_LIMIT_MASK 7:6
    ("ivybridge", 0x43208): {31: "ENABLE", 30: "PLANE_IVB", 29: "PLANE_IVB", 28: "FENCE_ENABLE_IVB", 7: "LIMIT"},
    ("sandybridge", 0x43208): {30: "PLANE", 29: "FENCE_ENABLE", 25: "PERSISTENT"},
    # TVDAC_STATE_CHG, TVDAC_A_SENSE, DAC_CTL_OVERRIDE, DAC_A_MASK 5:4
    ("GM45", 0x68004): {31: "CHANGED", 30: "A_SENSE", 7: "OVERRIDE", 5: "A_RANGE", 4: "A_RANGE", 0: "C_RANGE"},
    # PORT_PLL_P1_MASK 15:13, PORT_PLL_P2_MASK 12:8
    ("apollolake", 0x6C034): {15: "P1", 13: "P1", 12: "P2", 8: "P2"},
}  # fmt: skip
"""By host cpu and MMIO offset: which field a bit belongs to."""


@pytest.mark.parametrize(("cpu", "offset"), BITS, ids=lambda value: f"{value:#x}" if isinstance(value, int) else value)
def test_a_bit_is_its_fields(cpu, offset):
    register = name_of("mmio", offset, cpu)
    found = {bit: [row.field for row in decode(register, 1 << bit) if row.value] for bit in BITS[cpu, offset]}
    assert found == {bit: [name] for bit, name in BITS[cpu, offset].items()}
