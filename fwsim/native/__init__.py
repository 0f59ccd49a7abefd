"""How native (numba) code reaches memory, C functions and the machine's state: raw addresses, made usable.

Every native callback gets one address, the *root*: an array of 64-bit words whose meaning the ``R_*`` constants give. A
device keeps its own block (a numpy array) and puts that block's address in one root word, so native code needs no
globals: numba freezes those at compile time, and a frozen address cannot be cached on disk.
"""

from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic

from fwsim.native.compiled import callback as callback
from fwsim.native.compiled import fixed as fixed
from fwsim.native.compiled import inlined as inlined
from fwsim.native.compiled import kept as kept
from fwsim.native.compiled import native as native
from fwsim.native.pointers import address_of as address_of
from fwsim.native.pointers import call as call
from fwsim.native.pointers import u8s as u8s
from fwsim.native.pointers import u16s as u16s
from fwsim.native.pointers import u32s as u32s
from fwsim.native.pointers import u64s as u64s

# --- root words ----------------------------------------------------------------------------------------------------
(
    R_UC,  # the engine's handle (uc_engine *)
    R_FN_READ,  # uc_reg_read_batch
    R_FN_WRITE,  # uc_reg_write_batch
    R_FN_STOP,  # uc_emu_stop
    R_FN_TRAP,  # Python: uint64 trap(kind, a, b, c)
    R_IDS_CSIP,  # int[2]: CS, EIP, for R_FN_READ
    R_PTRS_CSIP,  # void *[2] into the two words below
    R_CS,  # of the current access
    R_IP,
    R_TIME,  # virtual nanoseconds since reset
    R_STEP,  # what one access, INT or RDTSC adds to it
    R_STOP,  # why the engine was stopped: a STOP_* value
    R_STOP_A,  # a fact that goes with it
    R_ACTOR,  # who runs the code: an Actor
    # events
    R_EVENTS,  # address of the mapped window
    R_EV_NEXT,  # next free record in it
    R_EV_CAP,  # records in it
    R_SEQ,  # sequence number of the last event
    R_EV_LIMIT,  # budget
    # code
    R_CODE,  # executed code bytes
    R_CODE_LIMIT,
    R_CODE_MARK,  # R_CODE at the last access
    R_CODE_NEXT,  # R_CODE at which a block has to look closer
    R_IDLE_LIMIT,  # code bytes without an access before STOP_IDLE
    R_BLOCK,  # linear address of the running block
    R_BLOCK_SIZE,
    R_BLOCK_FROM,  # R_CODE when it began to run again and again
    R_ORDINAL,  # memory-mapped accesses since its entry
    R_ORDINAL_AT,  # R_CODE at the last of them
    R_ACCESS,  # the last of them: address << 1 | 1 for a write
    R_BAR0,  # guest-physical address of the IGD's BAR0
    R_HOSTED,  # 1: Python makes the access that runs now, no code does
    R_EA,  # how the instruction found by TRAP_MMIO_IP makes its address: registers (0: it needs no check), ...
    R_EA_OFFSET,
    R_EA_BASE,  # its segment's
    R_EA_MASK,  # of the address's width
    R_EA_SIZE,  # bytes accessed
    R_IDS_GENERAL,  # int[16], void *[16], uint64[16]: AX, CX, DX, BX, SP, BP, SI, DI, R8-R15 in full width
    R_PTRS_GENERAL,
    R_GENERAL,
    R_GENERAL_COUNT,
    R_TIME_LIMIT,
    R_NOVEL,  # table of hashes of accesses seen, NOVEL_SLOTS words
    R_CLOCKED,  # 1: a clock was read since the last unseen one
    R_WAITS,  # accesses since the last unseen one
    R_WAIT_LIMIT,  # as many make a wait without a clock endless
    R_STALE_LIMIT,  # as many make one with a clock endless
    R_NOVEL_SEQ,  # sequence number of the last event that was progress
    R_FORCED,  # 1 + what an access is (space << 32 | address) whose reads are answered otherwise; 0: none
    R_FORCED_AND,  # the answer is value & R_FORCED_AND | R_FORCED_OR
    R_FORCED_OR,
    R_FORCED_LEFT,  # so many times
    R_RAM,  # host address of guest-physical 0 (valid below A0000 and from C0000 to the end of low RAM)
    R_IDS_INT,  # int[11], void *[11], uint64[13]: the registers an interrupt needs; the last is IDTR (uc_x86_mmr)
    R_PTRS_INT,
    R_INT_VALUES,
    R_IRQ_TIME,  # when the next interrupt is due; all ones: never
    R_IPS,  # address of the table of accessing instructions, IPS_SLOTS times IPS_WORDS words
    # devices
    R_PORTS,  # uint8[65536]: PORT_* kind of each port
    R_LATCH,  # uint8[65536]: what a PORT_STORE port holds
    R_BAR_BASES,  # address of uint64s: I/O BAR of the IGD; I/O BAR of another adapter, and its role
    R_PCI,
    R_PLATFORM,
    R_IGD,
    R_HYP,
    R_VGA,
    R_FN_ADAPTER_IN,  # uint64 in(root, port, size, 0): a port of a display adapter other than the IGD
    R_FN_ADAPTER_OUT,  # out(root, port, size, value)
    R_REPLAY,  # the record that answers in the devices' place (trace/hot_replay.py); 0: the devices themselves do
    ROOT_WORDS,
) = range(70)

NOVEL_SLOTS = 1 << 14
IPS_SLOTS = 1 << 10
IPS_WORDS = 8

# --- why the engine stopped ----------------------------------------------------------------------------------------
(
    STOP_NONE,
    STOP_TRAP_ERROR,  # a Python trap raised; the engine re-raises it
    STOP_EVENTS,  # budgets
    STOP_CODE,
    STOP_TIME,
    STOP_IRQ,  # an interrupt is due and IF is set
    STOP_IDLE,  # no access for R_IDLE_LIMIT code bytes
    STOP_STALE,  # nothing new read or written for R_WAIT_LIMIT or R_STALE_LIMIT accesses
    STOP_ABORT,  # the hypervisor would kill the guest here
    STOP_FAULT,  # a CPU exception, or an INT that does not go through a plain IVT: the fact is its vector
    STOP_SPIN,  # the same short block ran SPIN_RUNS times in a row
    STOP_REPLAY,  # an access that the record does not have
) = range(12)
SPIN_RUNS = 1 << 20

# --- what the Python trap is asked ---------------------------------------------------------------------------------
(
    TRAP_EVENTS_FULL,  # map the next chunk of the event file
    TRAP_PORT_IN,  # a = port, b = size
    TRAP_PORT_OUT,  # a = port, b = size, c = value
    TRAP_PCI_WRITE,  # a = slot, b = byte offset of the dword, c = its old value
    TRAP_GTT_FIRST,  # a = index, b = value, c = written (all ones: refused)
    TRAP_MMIO_IP,  # a = physical address, b = size, c = 1 for a write: which instruction of the block? Fills R_EA
    TRAP_DMA_FAULT,  # a = aperture page, b = 1 for a write: it leads nowhere
    TRAP_REPLAY,  # the record does not have the access that runs now
) = range(8)

# --- what a port is -------------------------------------------------------------------------------------------------
(
    PORT_OPEN,  # nothing: reads all ones
    PORT_STORE,  # reads what was written
    PORT_SINK,  # takes what is written, reads all ones
    PORT_TRAP,  # Python's
    PORT_PCI_ADDRESS,
    PORT_PCI_DATA,
    PORT_IOBAR,
    PORT_VGA,
    PORT_PM_TIMER,
    PORT_PIT,
    PORT_61,
    PORT_DISPI,
    PORT_BAR,  # the I/O BAR of a display adapter other than the IGD
) = range(13)
TSC_PER_US = 2000


def _trap(root: Any, kind: Any, a: Any, b: Any, c: Any) -> Any:
    return call(u64s(root)[R_FN_TRAP], kind, a, b, c)


@intrinsic
def trap(typingctx: Any, root: Any, kind: Any, a: Any, b: Any, c: Any) -> Any:
    """Ask Python: the slow way, for what is rare."""
    return fixed(_trap, 5, types.uint64)


def _stop(root: Any, reason: Any, fact: Any) -> None:
    words = u64s(root)
    if words[R_STOP] == np.uint64(STOP_NONE):
        words[R_STOP] = reason
        words[R_STOP_A] = fact
    call(words[R_FN_STOP], words[R_UC], 0, 0, 0)


@intrinsic
def stop(typingctx: Any, root: Any, reason: Any, fact: Any) -> Any:
    """Stop the engine at the end of the running block, for a STOP_* ``reason``; the first one given stays."""
    return fixed(_stop, 3)
