"""The display state buffer registers of gen 12 on: an engine that writes display registers from a list in memory."""

# ruff: noqa: N801 (the driver's own register names)

from fwsim.registers.core import RESERVED, Array, Field, Register
from fwsim.registers.places import I915

_DSB = "Linux i915 display/intel_dsb_regs.h"


def _dsb(offset: int) -> dict[str, Array]:
    """A register of the three buffers of each pipe: 0x1000 a pipe, 0x100 a buffer."""
    return {
        "12-": Array(
            tuple((f"{pipe}{number}", 0x70B00 + 0x1000 * index + 0x100 * number + offset)
                  for index, pipe in enumerate("ABCD") for number in range(3))
        )
    }  # fmt: skip


class DSB_HEAD(Register, at=_dsb(0x0), source=_DSB):
    """First byte of the list."""

    ADDRESS = Field(31, 0, "graphics address", address=True)


class DSB_TAIL(Register, at=_dsb(0x4), source=_DSB):
    """End of the list; writing it starts the engine."""

    ADDRESS = Field(31, 0, "graphics address", address=True)


class DSB_CTRL(Register, at=_dsb(0x8), source=_DSB, gaps=RESERVED):
    """Control of the engine."""

    ENABLE = Field(31, 31, "on")
    REITERATE = Field(29, 29, "list again and again")
    WAIT_VBLANK = Field(28, 28, "wait for the vertical blank")
    WAIT_LINE = Field(27, 27, "wait for a line")
    HALT = Field(16, 16, "halt")
    NON_POSTED = Field(8, 8, "writes wait for their completion")
    BUSY = Field(0, 0, "running")


class DSB_MMIOCTRL(Register, at=_dsb(0xC), source=_DSB, gaps=RESERVED):
    """Pace of the writes."""

    DEAD_ENABLE = Field(31, 31, "dead clocks on")
    DEAD_COUNT = Field(15, 8, "dead clocks")
    CYCLES = Field(7, 0, "cycles a write")


class DSB_POLLFUNC(Register, at=_dsb(0x10), source=_DSB, gaps=RESERVED):
    """Polling of a register."""

    ENABLE = Field(31, 31, "on")
    WAIT = Field(30, 23, "wait", unit="us")
    COUNT = Field(22, 15, "times")


class DSB_DEBUG(Register, at=_dsb(0x14), source=_DSB):
    """Debug register; its fields are not public."""

    DATA = Field(31, 0, "not described")


class DSB_POLLMASK(Register, at=_dsb(0x1C), source=_DSB):
    """Bits that a poll looks at."""

    MASK = Field(31, 0, "bits")


class DSB_STATUS(Register, at=_dsb(0x24), source=_DSB, gaps=RESERVED):
    """State of the engine's machines."""

    HP_IDLE = Field(31, 31, "idle")
    DEWAKE = Field(30, 30, "display wake")
    REQUEST = Field(29, 27, "request arbiter's state")
    WINDOW_LIVE = Field(26, 26, "safe window now")
    VTD = Field(25, 23, "fault arbiter's state")
    TLB = Field(21, 20, "translation's state")
    WINDOW = Field(19, 19, "safe window")
    POINTERS = Field(18, 17, "pointers' state")
    LATE = Field(16, 16, "busy in the delayed blank")
    MMIO_ARBITER = Field(15, 13, "register arbiter's state")
    MMIO_INSTRUCTION = Field(11, 7, "instruction's state")
    RESET = Field(5, 4, "reset's state")
    RUN = Field(2, 0, "run state")


class DSB_INTERRUPT(Register, at=_dsb(0x28), source=_DSB, gaps=RESERVED):
    """Interrupts: enables above, what is pending below (write 1 to clear)."""

    ATS_ENABLE = Field(20, 20, "address translation fault enabled", gen="meteorlake")
    GTT_ENABLE = Field(19, 19, "GTT fault enabled")
    TIMEOUT_ENABLE = Field(18, 18, "response time-out enabled")
    POLL_ENABLE = Field(17, 17, "poll error enabled")
    PROGRAM_ENABLE = Field(16, 16, "interrupt instruction enabled")
    ATS = Field(4, 4, "address translation fault", gen="meteorlake", access="w1c")
    GTT = Field(3, 3, "GTT fault", access="w1c")
    TIMEOUT = Field(2, 2, "response time-out", access="w1c")
    POLL = Field(1, 1, "poll error", access="w1c")
    PROGRAM = Field(0, 0, "interrupt instruction", access="w1c")


class DSB_CURRENT_HEAD(Register, at=_dsb(0x2C), source=_DSB):
    """Where the engine is now."""

    ADDRESS = Field(31, 0, "graphics address", address=True)


class DSB_RM_TIMEOUT(Register, at=_dsb(0x30), source=_DSB, gaps=RESERVED):
    """Time-outs of register messages."""

    CLAIM = Field(31, 31, "no one claimed it")
    READY = Field(30, 30, "not ready in time")
    CLAIM_COUNT = Field(23, 16, "claim time-out")
    READY_VALUE = Field(15, 0, "ready time-out")


class DSB_RMTIMEOUTREG_CAPTURE(Register, at=_dsb(0x34), source=_DSB):
    """Register whose message timed out."""

    REGISTER = Field(31, 0, "register")


class DSB_PMCTRL(Register, at=_dsb(0x38), source=_DSB):
    """Wake of the display before the list runs."""

    ENABLE = Field(31, 31, "wake on")
    LINE = Field(30, 0, "scan line")


class DSB_PMCTRL_2(Register, at=_dsb(0x3C), source=_DSB, gaps=RESERVED):
    """Wake of the display, overrides."""

    GENERATOR_OFF = Field(31, 31, "no wake by the register generator")
    FORCE = Field(23, 23, "wake forced")
    NO_EXTENSION = Field(15, 15, "wake not extended")
    SLEEP_OK = Field(7, 7, "DC5 and DC6 allowed")


class DSB_PF_LN_LOWER(Register, at=_dsb(0x40), source=_DSB):
    """First line of the window in which the list may be fetched."""

    LINE = Field(31, 0, "scan line")


class DSB_PF_LN_UPPER(Register, at=_dsb(0x44), source=_DSB):
    """Last line of that window."""

    LINE = Field(31, 0, "scan line")


class DSB_BUFRPT_CNT(Register, at=_dsb(0x48), source=_DSB):
    """How often the list is run."""

    COUNT = Field(31, 0, "times")


class DSB_CHICKEN(Register, at=_dsb(0xF0), source=_DSB, gaps="undocumented chicken bits"):
    """Workarounds of the engine."""

    DMA_RESET = Field(31, 31, "memory reset forced")
    VTD_RESET = Field(30, 30, "translation reset forced")
    IPC = Field(29, 29, "no demotion")
    SKIP_WAITS = Field(23, 23, "waits skipped")
    IDLE = Field(16, 16, "idle extended")
    CTRL_WINDOW = Field(15, 15, "control waits for the safe window")
    CTRL_NO_WAIT = Field(14, 14, "control does not wait for the blank")
    INST_WINDOW = Field(7, 7, "instructions wait for the safe window")
    INST_NO_WAIT = Field(6, 6, "instructions do not wait for the blank")
    GENERATOR_OFF = Field(2, 2, "no wake by the register generator")
    NO_COUNT = Field(0, 0, "indexed writes are not counted")


class PIPEDMC_CONTROL(
    Register,
    at={"12": Array(tuple((pipe, 0x45250 + 4 * index) for index, pipe in enumerate("ABCD"))),
        "13-,!meteorlake": Array(tuple((pipe, 0x45250 + 4 * index) for index, pipe in enumerate("ABCD")))},
    source="Linux i915 display/intel_dmc_regs.h PIPEDMC_CONTROL",
    gaps=RESERVED,
):  # fmt: skip
    """Microcontroller of a pipe."""

    ENABLE = Field(0, 0, "on")


class MTL_PIPEDMC_CONTROL(
    Register, at={"meteorlake": 0x45250}, name="PIPEDMC_CONTROL",
    source="Linux i915 display/intel_dmc_regs.h MTL_PIPEDMC_CONTROL", gaps=RESERVED,
):  # fmt: skip
    """Microcontrollers of the pipes, one register for all on Meteor Lake."""

    D = Field(12, 12, "pipe D's on")
    C = Field(8, 8, "pipe C's on")
    B = Field(4, 4, "pipe B's on")
    A = Field(0, 0, "pipe A's on")


class DMC_PROGRAM(Register, at={"9-": 0x80000}, source="Linux i915 display/intel_dmc_regs.h DMC_PROGRAM"):
    """First word of the display microcontroller's program; the rest follows, up to 0x8EFFF."""

    CODE = Field(31, 0, "program")


class DMC_HTP_SKL(Register, at={"9": 0x8F004}, source="Linux i915 display/intel_dmc_regs.h DMC_HTP_SKL"):
    """Where the display microcontroller's event handler begins."""

    ADDRESS = Field(31, 0, "handler table")


class DMC_LAST_WRITE(Register, at={"9": 0x8F034}, source="Linux i915 display/intel_dmc_regs.h DMC_LAST_WRITE"):
    """The write that ends loading the display microcontroller."""

    DATA = Field(31, 0, "0xc003b400 when done", values={0xC003B400: "loaded"})


class DMC_SSP_BASE(Register, at={"9-": 0x8F074}, source="Linux i915 display/intel_dmc_regs.h DMC_SSP_BASE"):
    """Where the display microcontroller's stack begins."""

    ADDRESS = Field(31, 0, "stack")


class DMC_EVT_HTP(
    Register,
    at={"11-": Array(tuple((str(number), 0x8F004 + 4 * number) for number in range(8)))},
    source="Linux i915 display/intel_dmc_regs.h DMC_EVT_HTP",
):
    """Handler of an event of the main microcontroller."""

    ADDRESS = Field(31, 0, "handler")


class DMC_EVT_CTL(
    Register,
    at={"11-": Array(tuple((str(number), 0x8F034 + 4 * number) for number in range(8)))},
    source="Linux i915 display/intel_dmc_regs.h DMC_EVT_CTL",
    gaps=RESERVED,
):
    """Event of the main microcontroller."""

    ENABLE = Field(31, 31, "on")
    RECURRING = Field(30, 30, "again and again")
    TYPE = Field(17, 16, "when", values={0: "level 0", 1: "level 1", 2: "edge down", 3: "edge up"})
    EVENT = Field(15, 8, "event", values={1: "never", 0x32: "vertical blank of pipe A", 0xBF: "every ms"})


class DMC_WAKELOCK_CFG(
    Register, at={"13-": 0x8F1B0}, source="Linux i915 display/intel_dmc_regs.h DMC_WAKELOCK_CFG", gaps=RESERVED
):
    """Wake lock of the microcontroller; i915 uses it after Lunar Lake."""

    ENABLE = Field(31, 31, "on")


class DMC_WAKELOCK1_CTL(
    Register, at={"13-": 0x8F140}, source="Linux i915 display/intel_dmc_regs.h DMC_WAKELOCK1_CTL", gaps=RESERVED
):
    """Wake lock: asked for, and given."""

    REQUEST = Field(31, 31, "asked for")
    ACK = Field(15, 15, "given", access="ro")


class DMC_COUNT_SKL(
    Register,
    at={"9,!bxt": Array((("DC5_DC6", 0x8002C), ("DC3_DC5", 0x80030))), "bxt": Array((("DC3_DC5", 0x80038),))},
    name="DMC_COUNT",
    source="Linux i915 display/intel_dmc_regs.h SKL_DMC_DC3_DC5_COUNT, BXT_DMC_DC3_DC5_COUNT",
):
    """How often a sleep state was entered, as the microcontroller counts."""

    COUNT = Field(31, 0, "entries")


class DMC_DEBUG(
    Register,
    at={"11-": Array((("DC5_COUNT", 0x101084), ("DC6_COUNT", 0x101088))), },
    source="Linux i915 display/intel_dmc_regs.h TGL_DMC_DEBUG_DC5_COUNT, TGL_DMC_DEBUG_DC6_COUNT",
):  # fmt: skip
    """How often a sleep state was entered, as the microcontroller counts, from gen 11 on."""

    COUNT = Field(31, 0, "entries")


class DMC_DEBUG3(Register, at={"12-": 0x101090}, source="Linux i915 display/intel_dmc_regs.h TGL_DMC_DEBUG3"):
    """Entries of DC3CO, as the microcontroller counts."""

    COUNT = Field(31, 0, "entries")


class DC_STATE_DEBUG(Register, at={"9-": 0x45520}, source=f"{I915} DC_STATE_DEBUG", gaps=RESERVED):
    """What keeps the display from sleeping, masked."""

    MEMORY_UP = Field(1, 1, "memory up")
    CORES = Field(0, 0, "cores")
