"""The root block, through which native code reaches the machine's state, and what native code is made with.

Every native callback gets one address, the *root*: an array of 64-bit words whose meaning the ``R_*`` constants give. A
device keeps its own block (a numpy array) and puts that block's address in one root word, so native code needs no
globals: those are frozen when it is compiled, and no address is known then. A word's number is counted
where it is named: a new word is one new line.
"""

from itertools import count
from typing import Any

import numpy as np

from fwsim.native.marks import Callback as Callback
from fwsim.native.marks import callback as callback
from fwsim.native.marks import fixed as fixed
from fwsim.native.marks import inlined as inlined
from fwsim.native.marks import native as native
from fwsim.native.primitives import address_of as address_of
from fwsim.native.primitives import call as call
from fwsim.native.primitives import i32s as i32s
from fwsim.native.primitives import i64s as i64s
from fwsim.native.primitives import place as place
from fwsim.native.primitives import u8s as u8s
from fwsim.native.primitives import u16s as u16s
from fwsim.native.primitives import u32s as u32s
from fwsim.native.primitives import u64s as u64s

_next = count().__next__
# --- the root: its engine --------------------------------------------------------------------------------------------
R_UC = _next()  # its handle (uc_engine *)
R_FN_READ = _next()  # uc_reg_read_batch
R_FN_WRITE = _next()  # uc_reg_write_batch
R_FN_STOP = _next()  # uc_emu_stop
R_FN_TRAP = _next()  # Python: uint64 trap(kind, a, b, c)
R_RAM = _next()  # host address of guest-physical 0 (valid below A0000 and from C0000 to the end of low RAM)
# --- time, and why the engine stopped --------------------------------------------------------------------------------
R_TIME = _next()  # virtual nanoseconds since reset
R_STEP = _next()  # what one access, INT or RDTSC adds to it
R_TIME_LIMIT = _next()  # budget
R_STOP = _next()  # why the engine was stopped: a STOP_* value
R_STOP_A = _next()  # a fact that goes with it
# --- who acts, and where ---------------------------------------------------------------------------------------------
R_ACTOR = _next()  # who runs the code: an Actor
R_ROM_END = _next()  # firmware's code below this segment, from C000 on, is an option ROM's; 0: it all is the actor's
R_AT_CS = _next()  # where the engine has its CS (16 bits) and its RIP (64 bits, of which R_IP_MASK count)
R_AT_IP = _next()
R_IP_MASK = _next()
R_CS = _next()  # of the current access
R_IP = _next()
# --- events ----------------------------------------------------------------------------------------------------------
R_EVENTS = _next()  # address of the mapped window
R_EV_NEXT = _next()  # next free record in it
R_EV_CAP = _next()  # records in it
R_SEQ = _next()  # sequence number of the last event
R_EV_LIMIT = _next()  # budget
R_REPLAY = _next()  # the record that answers in the devices' place (trace/answer.py); 0: the devices themselves do
# --- code ------------------------------------------------------------------------------------------------------------
R_CODE = _next()  # executed code bytes
R_CODE_LIMIT = _next()  # budget
R_CODE_MARK = _next()  # R_CODE at the last access
R_CODE_NEXT = _next()  # R_CODE at which a block has to look closer
R_WANTED = _next()  # 1: somebody wants the engine to stop before the next block, with STOP_PLACE
R_IDLE_LIMIT = _next()  # code bytes without an access before STOP_IDLE
R_BLOCK = _next()  # linear address of the running block
R_BLOCK_SIZE = _next()
R_BLOCK_FROM = _next()  # R_CODE when it began to run again and again
# --- accesses to memory-mapped registers, and which instruction made them --------------------------------------------
R_ORDINAL = _next()  # such accesses since the block's entry
R_ORDINAL_AT = _next()  # R_CODE at the last of them
R_ACCESS = _next()  # the last of them: address << 1 | 1 for a write
R_HOSTED = _next()  # 1: Python makes the access that runs now, no code does
R_IPS = _next()  # address of the table of accessing instructions, IPS_SLOTS times IPS_WORDS words
R_EA = _next()  # how the instruction found by TRAP_MMIO_IP makes its address: registers (0: it needs no check), ...
R_EA_OFFSET = _next()
R_EA_BASE = _next()  # its segment's
R_EA_MASK = _next()  # of the address's width
R_EA_SIZE = _next()  # bytes accessed
R_GENERAL = _next()  # where the engine has them, uint64 each: AX, CX, DX, BX, SP, BP, SI, DI, R8-R15
R_GENERAL_COUNT = _next()  # how many it has
# --- waits: is the code still getting anywhere? ----------------------------------------------------------------------
R_NOVEL = _next()  # table of hashes of accesses seen, NOVEL_SLOTS words
R_NOVEL_SEQ = _next()  # sequence number of the last event that was progress
R_CLOCKED = _next()  # 1: a clock was read since the last unseen one
R_WAITS = _next()  # accesses since the last unseen one
R_WAIT_LIMIT = _next()  # as many make a wait without a clock endless
R_STALE_LIMIT = _next()  # as many make one with a clock endless
# --- answers given in a device's place -------------------------------------------------------------------------------
R_FORCED = _next()  # 1 + what an access is (space << 32 | address) whose reads are answered otherwise; 0: none
R_FORCED_AND = _next()  # the answer is value & R_FORCED_AND | R_FORCED_OR
R_FORCED_OR = _next()
R_FORCED_LEFT = _next()  # so many times
# --- interrupts ------------------------------------------------------------------------------------------------------
R_IRQ_TIME = _next()  # when the next one is due; all ones: never
R_RETRY = _next()  # ns until one that found IF clear is looked at again; 0: at each block
R_LOOK_TIME = _next()  # when a device may ask for one; 0: none does, and the timer alone counts
R_TIMER_TIME = _next()  # when the timer's is due, while R_LOOK_TIME counts too
R_IDS_INT = _next()  # int[I_IDTR + 1], void *[I_IDTR + 1], uint64[]: the registers an interrupt needs (I_*)
R_PTRS_INT = _next()
R_INT_VALUES = _next()
R_WATCH_MODES = _next()  # 1: STOP_MODE before an INT 10h that sets a mode
# --- devices ---------------------------------------------------------------------------------------------------------
R_PORTS = _next()  # uint8[65536]: PORT_* kind of each port
R_LATCH = _next()  # uint8[65536]: what a PORT_STORE port holds
R_BAR0 = _next()  # guest-physical address of the IGD's BAR0
R_BAR_BASES = _next()  # address of BAR_WORDS words: where the display devices' I/O BARs are
R_PCI = _next()
R_PLATFORM = _next()
R_IGD = _next()
R_HYP = _next()
R_VGA = _next()
R_FN_ADAPTER_IN = _next()  # uint64 in(root, port, size, 0): a port of a display adapter other than the IGD
R_FN_ADAPTER_OUT = _next()  # out(root, port, size, value)
ROOT_WORDS = _next()

NOVEL_SLOTS = 1 << 14
IPS_SLOTS = 1 << 10
IPS_WORDS = 8

# --- I/O BARs of the display devices ---------------------------------------------------------------------------------
_next = count().__next__
BAR_IGD = _next()  # base of the IGD's; 0: not decoded
BAR_ADAPTER = _next()  # base of another adapter's
BAR_ROLE = _next()  # and what that one is: a Role
BAR_WORDS = _next()

# --- the registers an interrupt needs, in the order of R_IDS_INT -----------------------------------------------------
_next = count().__next__
I_CR0 = _next()
I_EFLAGS = _next()  # EFLAGS to EIP are written back in one go
I_SS = _next()
I_ESP = _next()
I_CS = _next()
I_EIP = _next()
I_EAX = _next()
I_EBX = _next()
I_ECX = _next()
I_EDX = _next()
I_IDTR = _next()  # three words (uc_x86_mmr): selector; base; limit in the lower half
I_IDT_BASE = _next()
I_IDT_LIMIT = _next()
INT_WORDS = _next()

# --- why the engine stopped ------------------------------------------------------------------------------------------
_next = count().__next__
STOP_NONE = _next()
STOP_TRAP_ERROR = _next()  # a Python trap raised; the engine re-raises it
STOP_EVENTS = _next()  # budgets
STOP_CODE = _next()
STOP_TIME = _next()
STOP_IRQ = _next()  # an interrupt is due and IF is set
STOP_IDLE = _next()  # no access for R_IDLE_LIMIT code bytes
STOP_STALE = _next()  # nothing new read or written for R_WAIT_LIMIT or R_STALE_LIMIT accesses
STOP_ABORT = _next()  # the hypervisor would kill the guest here
STOP_FAULT = _next()  # a CPU exception, or an INT that does not go through a plain IVT: the fact is its vector
STOP_SPIN = _next()  # the same short block ran SPIN_RUNS times in a row
STOP_MODE = _next()  # INT 10h AH=00h or AX=4F02h by the IVT, its handler to run next: AX | BX << 16
STOP_REPLAY = _next()  # an access that the record does not have
STOP_RESET = _next()  # the code had the machine reset
STOP_PLACE = _next()  # the code came to the place that somebody waits at (Engine.stop_at)
STOP_AGAIN = _next()  # the engine's own: it has to translate anew what it was about to run
SPIN_RUNS = 1 << 20

# --- what the Python trap is asked -----------------------------------------------------------------------------------
_next = count().__next__
TRAP_EVENTS_FULL = _next()  # make room for more events
TRAP_PORT_IN = _next()  # a = port, b = size
TRAP_PORT_OUT = _next()  # a = port, b = size, c = value
TRAP_PCI_WRITE = _next()  # a = slot << 12 | offset of the dword, b = new << 32 | old as readers see it, c = as written
TRAP_GTT_FIRST = _next()  # a = index, b = value, c = written (all ones: refused)
TRAP_MMIO_IP = _next()  # a = physical address, b = size, c = 1 for a write: which instruction of the block? Fills R_EA
TRAP_DMA_FAULT = _next()  # a = aperture page, b = 1 for a write: it leads nowhere
TRAP_REPLAY = _next()  # the record does not have the access that runs now
TRAP_GTT_POLICY = _next()  # a = entry or dword, b = byte offset: what does the device get? Refuses by G_REFUSED
TRAP_PCI_OWNER_READ = _next()  # a = ECAM address, b = size
TRAP_PCI_OWNER_WRITE = _next()  # a = ECAM address, b = size, c = value
TRAP_PCI_ROUTE = _next()  # a = ECAM address, b = a VIA_* way: which slot answers? Fills P_WHO and P_NOTE
TRAP_IRQ = _next()  # a register that the IGD's interrupts depend on was written
TRAP_FILL = _next()  # a = linear address of a REP STOSB just translated
TRAP_RDMSR = _next()  # a = linear address of an RDMSR in code just translated, b = its block, c = the block's bytes
TRAP_REGION_READ = _next()  # a = guest-physical address, b = size: memory that Python answers for
TRAP_REGION_WRITE = _next()  # a = guest-physical address, b = size, c = value

# --- what a port is --------------------------------------------------------------------------------------------------
_next = count().__next__
PORT_OPEN = _next()  # nothing: reads all ones
PORT_STORE = _next()  # reads what was written
PORT_SINK = _next()  # takes what is written, reads all ones
PORT_TRAP = _next()  # Python's
PORT_PCI_ADDRESS = _next()
PORT_PCI_DATA = _next()
PORT_IOBAR = _next()
PORT_VGA = _next()
PORT_PM_TIMER = _next()
PORT_PIT = _next()
PORT_61 = _next()
PORT_DISPI = _next()
PORT_BAR = _next()  # the I/O BAR of a display adapter other than the IGD
TSC_PER_US = 2000


@fixed("u64(u64, u64, u64, u64, u64)")
def trap(root: Any, kind: Any, a: Any, b: Any, c: Any) -> Any:
    """Ask Python: the slow way, for what is rare."""
    return call(u64s(root)[R_FN_TRAP], kind, a, b, c)


@fixed("void(u64, u64, u64)")
def stop(root: Any, reason: Any, fact: Any) -> None:
    """Stop the engine at the end of the running block, for a STOP_* ``reason``; the first one given stays."""
    words = u64s(root)
    if words[R_STOP] == np.uint64(STOP_NONE):
        words[R_STOP] = reason
        words[R_STOP_A] = fact
    call(words[R_FN_STOP], words[R_UC], 0, 0, 0)
