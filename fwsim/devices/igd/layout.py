"""What is in the IGD's native state block? The words, and the row of a behaviour."""

(
    G_INDEX,  # what the index port holds
    G_MMIO,  # address of the register file, uint32 each
    G_MMIO_SIZE,  # bytes of it
    G_FIRST,  # address: uint16 for each register dword: 1 + its first behaviour row; 0 none
    G_ROWS,  # address of the behaviour rows, uint32[rows][ROW_WORDS]
    G_GTT,  # address of the GTT store, uint32 each
    G_GTT_SIZE,  # bytes of it
    G_PAGES,  # address: uint64 for each GTT entry: host address of its page, 0 where DMA finds none
    G_PTE_WIDTH,
    G_PTE_SHIFT,  # its logarithm: entry number = byte offset >> shift
    G_LOW_MASK,  # page address = (entry & low) | ((entry & high) << shift)
    G_HIGH_MASK,
    G_HIGH_SHIFT,
    G_DMA,  # address of DMA regions, uint64[n][3]: first, past the end, host address of the first
    G_DMA_COUNT,
    G_WRITES,  # GTT dwords the ROM wrote
    G_REWRITTEN,
    G_LAST_INDEX,
    G_LAST_VALUE,
    G_LAST_WRITTEN,
    G_OWNER,  # 1: count these writes (the guest's ROM runs)
    G_EDID,  # address: uint8[8 pins][256] EDID, for GMBUS and its GPIO pins
    G_EDID_SIZE,  # address: uint64[8]: bytes of each; 0: nothing answers on this pin
    G_BUS,  # address of the GMBUS engine's words
    G_UNKNOWN,  # address: uint8 a register dword: 1 once read or written though nothing describes it
    G_TOUCHED,  # address: uint8 a GTT entry: 1 once the guest's ROM wrote it in this run
    G_GTT_AT,  # where the GTT begins in BAR0
    G_STATE,  # address: uint64 a behaviour row: what an op remembers
    G_WIRES,  # address: uint64[8 pins][2]: state of each bit-banged DDC slave, address of its EDID (0: none)
    G_SINKS,  # address: uint64[8 channels][SINK_WORDS]: the DisplayPort sinks
    G_SIDEBAND,  # address: uint64[SIDEBAND_SLOTS][2]: key and value of the units' registers behind IOSF
    G_UNITS,  # address: uint64[n][UNIT_WORDS]: what those units do by themselves
    G_UNIT_COUNT,
    G_POLICY,  # address of the hypervisor's function for GTT writes; POLICY_PYTHON: ask Python; 0: they pass
    G_POLICY_WHOLE,  # 1: it judges whole entries, not dwords
    G_REFUSED,  # 1: it refused the write
    G_RAW,  # address: uint32 a GTT dword, as the guest wrote it, for a policy that judges whole entries
    G_PAIR,  # address of the hypervisor's function that hears each access of the port pair; 0: none
    G_OVERLAYS,  # address: uint64[n][OVERLAY_WORDS]: dwords of BAR0 that the hypervisor answers
    G_OVERLAY_COUNT,
    IGD_WORDS,
) = range(41)
POLICY_PYTHON = 1

# A dword of BAR0 that is answered from elsewhere
(
    O_OFFSET,  # in BAR0
    O_MASK,  # the bits that are
    O_ANSWER,  # address of the uint32 that they come from
    OVERLAY_WORDS,
) = range(4)

# GMBUS engine words
(
    B_OFFSET,  # next EDID byte
    B_COUNT,  # bytes still to move
    B_PHASE,  # 0 idle, 1 reading, 2 writing, 3 waiting for the next cycle
    B_PIN,
    B_NAK,
    B_IN_USE,
    B_WRITES_DATA,  # 1 + the byte GMBUS3 was given before the command; 0 none
    B_STOP,  # 1: the cycle ends with a stop of its own, 0: it then waits for the next
    BUS_WORDS,
) = range(9)

# A DisplayPort sink's words
(
    S_DPCD,  # address of its registers, DPCD_SIZE bytes; 0: no sink on this channel
    S_EDID,  # address of its EDID
    S_EDID_SIZE,
    S_OFFSET,  # next EDID byte
    SINK_WORDS,
) = range(5)
DPCD_SIZE = 0x1000

# A sideband unit's reaction: status bits of one register that follow control bits of another.
(
    U_KEY,  # unit << 32 | register: which register is read
    U_MASK,  # the bits that follow
    U_SOURCE,  # key of the register they follow
    U_SHIFT,  # and how far up from there
    UNIT_WORDS,
) = range(5)
SIDEBAND_SLOTS = 4096

# A behaviour row. SET: when ``reg[cond_at] & cond_mask == cond_value`` (and the second condition likewise):
# reg[at] = reg[at] & ~mask | value; with the ELSE form the mask is cleared otherwise.
(
    W_WHEN,  # WHEN_*
    W_OP,
    W_AT,  # byte offset of the register it changes
    W_MASK,
    W_VALUE,
    W_COND_AT,
    W_COND_MASK,
    W_COND_VALUE,
    W_COND2_AT,
    W_COND2_MASK,
    W_COND2_VALUE,
    W_NEXT,  # 1 + next row of the same register; 0 none
    ROW_WORDS,
) = range(13)

WHEN_READ, WHEN_WRITE = 1, 2
(
    OP_SET,
    OP_FOLLOW,  # as SET, and the mask's bits are cleared when the condition does not hold
    OP_READ_ONLY,  # bits of mask keep their value
    OP_CLEAR,  # bits of mask are cleared by writing ones
    OP_COPY,  # bits of mask become those of cond_at, moved: value = how far up, 32 + how far down
    OP_WELLS,  # at = first of four request registers: state bits in mask = OR of the request bits one above
    OP_SCANLINE,  # value = the line being scanned out, while the condition holds; cond2_at: the pipe's VTOTAL register
    OP_FRAME,  # frames since reset, while the condition holds; value = which part: FRAME_*
    OP_VBLANK,  # bits of mask are set once in each frame while the condition holds
    OP_GMBUS,  # mask = which of the bus's registers, 0-5
    OP_GPIO,  # value = GMBUS pin whose wires these are
    OP_AUX,  # value = channel; the message buffer is the five registers behind
    OP_SIDEBAND,  # value: at + 4 is data, at + 8 the address
    OP_UNIT,  # as FOLLOW, by a register of the power unit: cond_at is its number
    OP_UNIT_COPY,  # as COPY, from a register of the power unit
    OP_PANEL_CONTROL,  # at = PP_STATUS; control, on delays, off delays, divisor behind it
    OP_PANEL_STATUS,
) = range(17)
STATE_PANELS, STATE_ROWS = 0, 4
"""Slots of the rows' memory: two for each panel, then one a row."""
FRAME_WHOLE, FRAME_HIGH, FRAME_LOW = range(3)
TIMED_OPS = (OP_SCANLINE, OP_FRAME, OP_VBLANK, OP_PANEL_STATUS)
"""Registers that change by themselves: reading them again and again is no sign of being stuck."""
