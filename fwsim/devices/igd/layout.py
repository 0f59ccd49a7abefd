"""The words of the IGD's native state block, and the columns of a behaviour's row."""

from itertools import count

_next = count().__next__
G_INDEX = _next()  # what the index port holds
G_MMIO = _next()  # address of the register file, uint32 each
G_MMIO_SIZE = _next()  # bytes of it
G_KINDS = _next()  # address: uint16 for each register dword: number of its form; 0: plain storage
G_FORMS = _next()  # address of the forms, uint32[n][FORM_WORDS]
G_PLAIN_READS = _next()  # as many of them, the first ones, read as they are stored
G_ROWS = _next()  # address of the behaviour rows, uint32[rows][ROW_WORDS]
G_GTT = _next()  # address of the GTT store, uint32 each
G_GTT_SIZE = _next()  # bytes of it
G_PAGES = _next()  # address: uint64 for each GTT entry: host address of its page, 0 where DMA finds none
G_PTE_WIDTH = _next()
G_PTE_SHIFT = _next()  # its logarithm: entry number = byte offset >> shift
G_LOW_MASK = _next()  # page address = (entry & low) | ((entry & high) << shift)
G_HIGH_MASK = _next()
G_HIGH_SHIFT = _next()
G_DMA = _next()  # address of DMA regions, uint64[n][3]: first, past the end, host address of the first
G_DMA_COUNT = _next()
G_WRITES = _next()  # GTT dwords the ROM wrote
G_REWRITTEN = _next()
G_LAST_INDEX = _next()
G_LAST_VALUE = _next()
G_LAST_WRITTEN = _next()
G_OWNER = _next()  # 1: count these writes (the guest's ROM runs)
G_EDID = _next()  # address: uint8[PINS][256] EDID, for GMBUS and its GPIO pins
G_EDID_SIZE = _next()  # address: uint64[PINS]: bytes of each; 0: nothing answers on this pin
G_BUS = _next()  # address of the GMBUS engine's words
G_UNKNOWN = _next()  # address: uint8 a register dword: 1 once read or written though nothing describes it
G_TOUCHED = _next()  # address: uint8 a GTT entry: 1 once the guest's ROM wrote it in this run
G_USED = _next()  # address: uint8 a GTT entry: 1 once an access went through it: scan-out, the aperture, A0000
G_GTT_AT = _next()  # where the GTT begins in BAR0
G_STATE = _next()  # address: uint64 a behaviour row: what an op remembers
G_WIRES = _next()  # address: uint64[PINS][2]: state of each bit-banged DDC slave, address of its EDID (0: none)
G_SINKS = _next()  # address: uint64[8 channels][SINK_WORDS]: the DisplayPort sinks
G_SIDEBAND = _next()  # address: uint64[SIDEBAND_SLOTS][2]: key and value of the units' registers behind IOSF
G_UNITS = _next()  # address: uint64[n][UNIT_WORDS]: what those units do by themselves
G_UNIT_COUNT = _next()
G_POLICY = _next()  # address of the hypervisor's function for GTT writes; POLICY_PYTHON: ask Python; 0: they pass
G_POLICY_WHOLE = _next()  # 1: it judges whole entries, not dwords
G_REFUSED = _next()  # 1: it refused the write
G_RAW = _next()  # address: uint32 a GTT dword, as the guest wrote it, for a policy that judges whole entries
G_PAIR = _next()  # address of the hypervisor's function that hears each access of the port pair; 0: none
G_OVERLAYS = _next()  # address: uint64[n][OVERLAY_WORDS]: dwords of BAR0 that the hypervisor answers
G_OVERLAY_COUNT = _next()
G_LOCAL = _next()  # host address of the device's own memory
G_LOCAL_SIZE = _next()  # bytes of it; 0: it has none, and bit 1 of an entry does not count
IGD_WORDS = _next()
POLICY_PYTHON = 1
PINS = 16
"""GMBUS pin pairs that there may be."""

# A dword of BAR0 that is answered from elsewhere
_next = count().__next__
O_OFFSET = _next()  # in BAR0
O_MASK = _next()  # the bits that are
O_ANSWER = _next()  # address of the uint32 that they come from
O_WRITABLE = _next()  # the bits of it that a write changes
OVERLAY_WORDS = _next()

# GMBUS engine words
_next = count().__next__
B_OFFSET = _next()  # next EDID byte
B_COUNT = _next()  # bytes still to move
B_PHASE = _next()  # 0 idle, 1 reading, 2 writing, 3 waiting for the next cycle
B_PIN = _next()
B_NAK = _next()
B_IN_USE = _next()
B_WRITES_DATA = _next()  # 1 + the byte GMBUS3 was given before the command; 0 none
B_STOP = _next()  # 1: the cycle ends with a stop of its own, 0: it then waits for the next
BUS_WORDS = _next()

# A DisplayPort sink's words
_next = count().__next__
S_DPCD = _next()  # address of its registers, DPCD_SIZE bytes; 0: no sink on this channel
S_EDID = _next()  # address of its EDID
S_EDID_SIZE = _next()
S_OFFSET = _next()  # next EDID byte
S_DEFERS = _next()  # replies of DEFER before each answer
S_DEFERRED = _next()  # as many were given since the last answer
S_SWING = _next()  # voltage swing from which it recovers the clock; NEVER_LOCKS: from none
S_PRE = _next()  # pre-emphasis from which it equalises
SINK_WORDS = _next()
DPCD_SIZE = 0x1000
NEVER_LOCKS = 4
"""One level more than a source has."""

# A sideband unit's reaction: status bits of one register that follow control bits of another.
_next = count().__next__
U_KEY = _next()  # unit << 32 | register: which register is read
U_MASK = _next()  # the bits that follow
U_SOURCE = _next()  # key of the register they follow
U_SHIFT = _next()  # and how far up from there
UNIT_WORDS = _next()
SIDEBAND_SLOTS = 4096

# How a dword of the register file is accessed; the masks are the database's (storage.Form)
_next = count().__next__
F_ROW = _next()  # 1 + its first behaviour row; 0 none
F_READ_ONLY = _next()  # bits that keep their value
F_WRITE_CLEARS = _next()  # bits cleared by writing ones
F_READ_CLEARS = _next()  # bits cleared by reading
F_HIDDEN = _next()  # bits that read as 0
F_LOCK = _next()  # while this bit is set ...
F_FROZEN = _next()  # ... these keep their value
FORM_WORDS = _next()

# A behaviour row. SET: when ``reg[cond_at] & cond_mask == cond_value`` (and the second condition likewise):
# reg[at] = reg[at] & ~mask | value; with the ELSE form the mask is cleared otherwise.
_next = count().__next__
W_WHEN = _next()  # WHEN_*
W_OP = _next()
W_AT = _next()  # byte offset of the register it changes
W_MASK = _next()
W_VALUE = _next()
W_COND_AT = _next()
W_COND_MASK = _next()
W_COND_VALUE = _next()
W_COND2_AT = _next()
W_COND2_MASK = _next()
W_COND2_VALUE = _next()
W_NEXT = _next()  # 1 + next row of the same register; 0 none
ROW_WORDS = _next()

WHEN_READ, WHEN_WRITE = 1, 2
_next = count().__next__
OP_SET = _next()
OP_FOLLOW = _next()  # as SET, and the mask's bits are cleared when the condition does not hold
OP_COPY = _next()  # bits of mask become those of cond_at, moved: value = how far up, 32 + how far down
OP_WELLS = _next()  # at = first of four request registers: state bits in mask = OR of the request bits one above
OP_SCANLINE = _next()  # value = the line being scanned out, while the condition holds; cond2_at: the pipe's VTOTAL
OP_FRAME = _next()  # frames since reset, while the condition holds; value = which part: FRAME_*
OP_VBLANK = _next()  # bits of mask are set once in each frame while the condition holds
OP_GMBUS = _next()  # mask = which of the bus's registers, 0-5
OP_GPIO = _next()  # value = GMBUS pin whose wires these are
OP_AUX = _next()  # value = channel; the message buffer is the five registers behind
OP_SIDEBAND = _next()  # value: at + 4 is data, at + 8 the address
OP_MESSAGE = _next()  # to a PHY: value = its unit; at + 8 is the answer
OP_UNIT = _next()  # as FOLLOW, by a register of the power unit: cond_at is its number
OP_UNIT_COPY = _next()  # as COPY, from a register of the power unit
OP_PANEL_CONTROL = (
    _next()
)  # of panel ``value``; delays behind it, the cycle's: cond_at's bits of cond_mask, from cond_value
OP_PANEL_STATUS = _next()
OP_IRQ = _next()  # the interrupt logic looks, where cond_at has any of cond_mask set or it waits for something
STATE_PANELS, STATE_ROWS = 0, 4
"""Slots of the rows' memory: two for each panel, then one a row."""
FRAME_WHOLE, FRAME_HIGH, FRAME_LOW = range(3)
TIMED_OPS = (OP_SCANLINE, OP_FRAME, OP_VBLANK, OP_PANEL_STATUS)
"""Registers that change by themselves: reading them again and again is no sign of being stuck."""
