"""Other names of registers: those of i915's macros and of igt's lists, where they are not the database's own.

A key is a register's name, or one place's (``DP_A``); a value its other names. ``{}`` stands for the label of an
array's member, ``{0}`` and ``{1}`` for its parts around an underscore, ``{n}`` for the number of the pipe in it (A is
0; ``{n1}``: A is 1): the place ``DSPCNTR_B`` is igt's ``DSPBCNTR``. A name that ends in ``_{}`` holds without a label
as well. Underscores and case never count: igt's ``PLANE_CTL_1_B`` is ``PLANE_CTL_1B``.
"""

from collections.abc import Iterator

from fwsim.registers.core import Place, Register


def _timings(*names: str) -> dict[str, tuple[str, ...]]:
    return {f"{where}{name}": (f"TRANS_{name}_{{}}",) for name in names for where in ("", "PCH_")}


def _ratios(*names: str) -> dict[str, tuple[str, ...]]:
    """``DATA_M1`` is a pipe's on igt's older lists, a transcoder's on its later ones; i915 has a macro for each."""
    rows: dict[str, tuple[str, ...]] = {}
    for name in names:
        kind, ratio = name.split("_")
        rows[name] = (f"PIPE{{}}_{name}", f"TRANS_{kind}{ratio}_{{}}", f"TRANS{{}}_{name}", f"PIPE_{name}_{{}}")
        igt = f"TRANS{{}}_DP_{name}" if kind == "LINK" else f"TRANS{{}}_{name}"
        rows[f"PCH_{name}"] = (igt, f"PCH_TRANS_{name}_{{}}")
    return rows


ALIASES: dict[str, tuple[str, ...]] = {
    **_timings("HTOTAL", "HBLANK", "HSYNC", "VTOTAL", "VBLANK", "VSYNC", "VSYNCSHIFT"),
    **_ratios("DATA_M1", "DATA_N1", "DATA_M2", "DATA_N2", "LINK_M1", "LINK_N1", "LINK_M2", "LINK_N2"),
    "ADPA": ("PCH_ADPA",),
    "AUD_CFG": ("IBX_AUD_CFG_{}", "CPT_AUD_CFG_{}", "VLV_AUD_CFG_{}"),
    "AUD_CNTL_ST": ("IBX_AUD_CNTL_ST_{}", "CPT_AUD_CNTL_ST_{}", "VLV_AUD_CNTL_ST_{}"),
    "AUD_CNTL_ST2": ("IBX_AUD_CNTL_ST2", "CPT_AUD_CNTRL_ST2", "VLV_AUD_CNTL_ST2"),
    "AUD_DIG_CNVT": ("AUD_C{n1}_DIG_CNVT",),
    "AUD_INFOFR": ("AUD_TC{}_INFOFR",),
    "AUD_M_CTS": ("AUD_TC{}_M_CTS",),
    "AUD_PIN_PIPE_CONN_ENTRY_LENGTH": ("AUD_TC{}_PIN_PIPE_CONN_ENTRY_LENGTH",),
    "AUD_STR_DESC": ("AUD_C{n1}_STR_DESC",),
    "BLC_PWM_CTL": ("BLC_PWM_CPU_CTL",),
    "BLC_PWM_CTL2": ("BLC_PWM_CPU_CTL2",),
    "CHICKEN_TRANS": ("MTL_CHICKEN_TRANS_{}",),
    "CURCNTR": ("CUR_CTL_{}",),
    "CUR_WM": ("CUR_WM_{1}_{0}",),
    "CUR_WM_A": ("CUR_WM_A_0",),
    "CUR_WM_B": ("CUR_WM_B_0",),
    "CUR_WM_C": ("CUR_WM_C_0",),
    "CUR_WM_D": ("CUR_WM_0_D",),
    "DE_MISC": ("GEN8_DE_MISC_{}",),
    "DE_PIPE": ("GEN8_DE_PIPE_{1}{n}",),
    "DE_PORT": ("GEN8_DE_PORT_{}",),
    "DISPLAY_INT_CTL": ("GEN8_MASTER_IRQ",),
    "DMC_DEBUG_DC5_COUNT": ("TGL_DMC_DEBUG_DC5_COUNT",),
    "DMC_DEBUG_DC6_COUNT": ("TGL_DMC_DEBUG_DC6_COUNT",),
    "DPFC_CHICKEN": ("ILK_DPFC_CHICKEN_{}",),
    "DPLL": ("DPLL{1}_{0}",),
    "DPLL_CFGCR1": ("DPLL{}_CFGCR1",),
    "DPLL_CFGCR2": ("DPLL{}_CFGCR2",),
    "DPLL_ENABLE_DPLL0": ("LCPLL1_CTL",),
    "DPLL_ENABLE_DPLL1": ("LCPLL2_CTL",),
    "DPLL_ENABLE_DPLL2": ("DPLL4_ENABLE",),
    "DPLL_SSC": ("DPLL{}_SSC",),
    "DP": ("PCH_DP_{}",),
    "DP_A": ("CPU_eDP_A",),
    "DDI_BUF_CTL_A": ("CPU_eDP_A",),
    "DSPCNTR": ("DSP{}CNTR",),
    "DSPLINOFF": ("DSP{}BASE",),
    "DSPSTRIDE": ("DSP{}STRIDE",),
    "DSPSURF": ("DSP{}SURF",),
    "DSPTILEOFF": ("DSP{}TILEOFF",),
    "DVSCNTR_A": ("DSPCCNTR",),
    "DVSSURF_A": ("DSPCSURF",),
    "EDP_PSR2_CTL": ("TRANS_PSR2_CTL_{}",),
    "EDP_PSR2_STATUS": ("TRANS_PSR2_STATUS_{}",),
    "EDP_PSR_DEBUG": ("TRANS_PSR_MASK_{}",),
    "EDP_PSR_STATUS": ("TRANS_PSR_STATUS_{}",),
    "FDI_RX_CTL": ("FDI_RX{}_CTL",),
    "FDI_RX_IIR": ("FDI_RX{}_IIR",),
    "FDI_RX_IMR": ("FDI_RX{}_IMR",),
    "FDI_RX_MISC": ("FDI_RX{}_MISC",),
    "FDI_RX_TUSIZE1": ("FDI_RX{}_TUSIZE1",),
    "FDI_RX_TUSIZE2": ("FDI_RX{}_TUSIZE2",),
    "FDI_TX_CTL": ("FDI_TX{}_CTL",),
    "FUSE_STRAP": ("HSW_FUSE_STRAP",),
    "GFX_MODE": ("RCS_MODE_GEN7",),
    "HDMI": ("HDMI{}",),
    "HSW_AUD_CFG": ("AUD_TC{}_CONFIG",),
    "HSW_AUD_CHICKENBIT": ("AUD_CHICKENBIT_REG",),
    "HSW_AUD_DIP_ELD_CTRL": ("AUD_TC{}_DIP_ELD_CTRL_ST",),
    "HSW_AUD_EDID_DATA": ("AUD_TC{}_EDID_DATA",),
    "HSW_AUD_MISC_CTRL": ("AUD_C{n1}_MISC_CTRL",),
    "HSW_AUD_M_CTS_ENABLE": ("AUD_TC{}_M_CTS_ENABLE",),
    "HSW_AUD_PIN_ELD_CP_VLD": ("AUD_PIN_ELD_CP_VLD",),
    "HSW_AUD_PIPE_CONV_CFG": ("AUD_PIPE_CONV_CFG",),
    "LVDS": ("PCH_LVDS",),
    "MASTER_IRQ": ("GEN8_MASTER_IRQ",),
    "PCH_FP0": ("PCH_FP{}0",),
    "PCH_FP1": ("PCH_FP{}1",),
    "PCH_TRANSCONF": ("TRANS{}CONF",),
    "PF_CTL": ("PF{}_CTL_1",),
    "PF_CTL_3": ("PF{}_CTL_3",),
    "PF_HSCALE": ("PF{}_CTL_4",),
    "PF_VSCALE": ("PF{}_CTL_2",),
    "PF_WIN_POS": ("PF{}_WIN_POS",),
    "PF_WIN_SZ": ("PF{}_WIN_SIZE",),
    "PIPECONF": ("PIPE{}CONF", "TRANS_CONF_{}"),
    "PHED": ("OPREGION_MBOX5",),
    "PIPEC": ("{}_C",),
    "PIPEC_DSPLINOFF": ("DSPCBASE",),
    "PIPEC_DSPSTRIDE": ("DSPCSTRIDE",),
    "PIPEC_DSPTILEOFF": ("DSPCTILEOFF",),
    "PIPEC_PIPECONF": ("PIPECCONF",),
    "PIPEC_PIPESRC": ("PIPECSRC",),
    "PIPESRC": ("PIPE{}SRC",),
    "PIPE_MBUS_DBOX_CTL": ("MBUS_DBOX_CTL_{}",),
    "PIPE_STATUS": ("ICL_PIPESTATUS_{}",),
    "PP_CONTROL": ("PCH_PP_CONTROL",),
    "PP_DIVISOR": ("PCH_PP_DIVISOR",),
    "PP_OFF_DELAYS": ("PCH_PP_OFF_DELAYS",),
    "PP_ON_DELAYS": ("PCH_PP_ON_DELAYS",),
    "PP_STATUS": ("PCH_PP_STATUS",),
    "PSR2_MAN_TRK_CTL": ("TRANS_PSR2_MAN_TRK_CTL_{}",),
    "PSR_EVENT": ("TRANS_PSR_EVENT_{}",),
    "PS_COEF_DATA": ("GLK_PS_COEF_DATA_SET_{}",),
    "PS_COEF_INDEX": ("GLK_PS_COEF_INDEX_SET_{}",),
    "PS_ECC_STAT": ("SKL_PS_ECC_STAT_{}",),
    "PS_HPHASE": ("SKL_PS_HPHASE_{}",),
    "PS_VPHASE": ("SKL_PS_VPHASE_{}",),
    "PWR_WELL_CTL": ("HSW_PWR_WELL_{}", "PWR_WELL_{}"),
    "PWR_WELL_CTL5": ("HSW_PWR_WELL_CTL5",),
    "PWR_WELL_CTL6": ("HSW_PWR_WELL_CTL6",),
    "PWR_WELL_CTL_KVMR": ("PWR_WELL_KVM",),
    "RING_IMR": ("{}_IMR",),
    "RING_MODE_GEN7": ("{}_MODE_GEN7",),
    "SRD_CTL": ("EDP_PSR_CTL_{}", "TRANS_PSR_CTL_{}"),
    "VGACNTRL": ("CPU_VGACNTRL",),
    "WM0_PIPE": ("WM_PIPE_{}",),
    "WM0_PIPE_C": ("WM_PIPE_C",),
    "WMS_LP": ("WM_LP_SPR_{}",),
    "WRPLL_CTL": ("WRPLL_CTL{}",),
}


ATOM: dict[str, tuple[str, ...]] = {
    **{f"DP_AUX_CH_DATA_{port}{word}": (f"DP{port}_AUX_CH_DATA{word + 1}",) for port in "BCD" for word in range(5)},
    **{f"SWF{bank}_{word}": (f"SWF{bank}{word:X}",) for bank in (0, 1) for word in range(10, 16)},
    **{f"SPCNTR_{pipe}{plane}": (f"SP{'ABCDEF'[2 * number + plane]}CNTR",)
       for number, pipe in enumerate("ABC") for plane in (0, 1)},
    **{f"SPSURF_{pipe}{plane}": (f"SP{'ABCDEF'[2 * number + plane]}SURF",)
       for number, pipe in enumerate("ABC") for plane in (0, 1)},
    **{f"CGM_PIPE_CSC_COEFF_{pipe}{word}": (f"PIPE{pipe}_CGM_CSC_COEFF{('01', '23', '45', '67', '8')[word]}",)
       for pipe in "ABC" for word in range(5)},
    **{f"DSPFW{number}": (f"FW{number}",) for number in range(1, 9)},
    **{f"PP_{name}": (f"PIPE{{}}_PP_{name}",) for name in ("CONTROL", "DIVISOR", "OFF_DELAYS", "ON_DELAYS", "STATUS")},
    **{f"PIPE_WGC_{name}": (f"PIPE{{}}_WGCC_{name}",)
       for name in ("C01_C00", "C02", "C11_C10", "C12", "C21_C20", "C22")},
    "AUD_CFG": ("AUD_CONFIG_{}",),
    "BLC_PWM_CTL": ("PIPE{}_BLC_PWM_CTL",),
    "CGM_PIPE_DEGAMMA_A0": ("PIPEA_CGM_DEGAMMA",),
    "CGM_PIPE_DEGAMMA_B0": ("PIPEB_CGM_DEGAMMA",),
    "CGM_PIPE_DEGAMMA_C0": ("PIPEC_CGM_DEGAMMA",),
    "CGM_PIPE_GAMMA_A0": ("PIPEA_CGM_GAMMA",),
    "CGM_PIPE_GAMMA_B0": ("PIPEB_CGM_GAMMA",),
    "CGM_PIPE_GAMMA_C0": ("PIPEC_CGM_GAMMA",),
    "CGM_PIPE_MODE": ("PIPE{}_CGM_CONTROL",),
    "CURBASE": ("CUR{}BASE",),
    "CURCNTR": ("CUR{}CNTR",),
    "CURPOS": ("CUR{}POS",),
    "DISPLAY_PHY_CONTROL": ("DPIO_PHY_CONTROL",),
    "DISPLAY_PHY_STATUS": ("DPIO_PHY_STATUS1",),
    "DPLL": ("DPLL{}_CTRL",),
    "DPLL_MD": ("DPLL{}MD",),
    "DP_AUX_CH_CTL": ("DP{}_AUX_CH_CTL",),
    "DSPADDR_VLV": ("DSP{}ADDR",),
    "DSPLINOFF": ("DSP{}LINOFF",),
    "DSPSURFLIVE": ("DSP{}SURFLIVE",),
    "HDMIW_HDMIEDID": ("AUD_HDMIW_HDMIEDID_{}",),
    "LPE_AUDIO": ("STREAM_A_LPE_AUD_CONFIG",),
    "PALETTE_A0": ("DPALETTE_A",),
    "PALETTE_B_0": ("DPALETTE_B",),
    "PIPECONF": ("PIPE{}CONF",),
    "PIPEDSL": ("PIPE{}_DSL",),
    "PIPEGCMAX": ("PIPE{}GCMAXRED",),
    "PIPESLC": ("PIPE{}_SLC",),
    "PIPESTAT": ("PIPE{}STAT",),
    "PIPE_CRC_CTL": ("CRC_CTRL_RED_{}",),
    "PIPE_FLIPCOUNT": ("PIPE{}FLIPCOUNT",),
    "PIPE_FRMCOUNT": ("PIPE{}FRAMECOUNT",),
    "VLV_AUD_CHICKEN_BIT": ("AUD_CHICKENBIT",),
    "VLV_AUD_PORT_EN_DBG_B": ("AUD_PORT_EN_B_DBG",),
    "VLV_DDL_A": ("DDL1",),
    "VLV_DDL_B": ("DDL2",),
    "VLV_DDL_C": ("DDL3",),
    "VLV_MIPI_PORT_CTRL": ("MIPI{}_PORT_CTRL",),
    "VLV_MIPI_TEARING_CTRL": ("MIPI{}_TEARING_CTRL",),
    "VLV_TVIDEO_DIP_CTL": ("VIDEO_DIP_CTL_{}",),
    "VLV_TVIDEO_DIP_DATA": ("VIDEO_DIP_DATA_{}",),
    "VLV_TVIDEO_DIP_GCP": ("VIDEO_DIP_GDCP_PAYLOAD_{}",),
}  # fmt: skip
"""igt's names on Bay Trail and Cherryview, whose lists are written in a style of their own."""


_OWNERS = frozenset(
    "_".join(words[:count])
    for words in (key.split("_") for key in (*ALIASES, *ATOM))
    for count in range(1, len(words) + 1)
)
"""Every key, and what stands before each underscore of one: the registers that may have other names are in it."""


def has_others(register: type[Register]) -> bool:
    """Whether any place of the register may have another name."""
    return register.name in _OWNERS


def forms_of(name: str) -> tuple[str, ...]:
    """The other names of the register (or the place) called ``name``, with their ``{}``."""
    return (*ALIASES.get(name, ()), *ATOM.get(name, ()))


def other_names(register: type[Register], place: Place) -> Iterator[str]:
    """Every other name of one place of a register, as its source writes it."""
    parts = place.label.split("_")
    number = "ABCD".find(parts[0])
    for key in (register.name, f"{register.name}_{place.label}"):
        for form in forms_of(key):
            if form.endswith("_{}"):
                yield form.removesuffix("_{}")
            if "{}" in form:
                yield form.format(place.label)
            elif len(parts) > 1 or "{1}" not in form:
                yield form.format(*parts, n=number, n1=number + 1)
