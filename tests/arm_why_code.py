"""AArch64 programs whose values a test follows, as assembly and as what clang made of it.

A detour takes W0, which was read from BAR 0 of the guest's first function, to W0 again; W1 is a decoy, the function's
ids. X2 is memory of the program's own, X3 configuration space.
"""

import struct

from tests.arm_code import Code

BEFORE = """
  mov x29, xzr
  movz x3, #0x1000, lsl #16
  adr x2, room
  add x9, x2, #0x100
  mov sp, x9
  ldr w1, [x3]
  ldr w0, [x3, #0x10]
"""
AFTER = """
  str w0, [x3, #0x14]
  movz w0, #8
  movk w0, #0x8400, lsl #16
  hvc #0
  b .
  .balign 16
room:
"""
TRAP = Code(
    """
      movz x3, #0x1000, lsl #16
      ldr w4, [x3, #0x10]       // BAR 0 as it began
      mov w9, #-1
      str w9, [x3, #0x10]
      ldr w5, [x3, #0x10]       // its size
      mov w9, #0x23000000
      str w9, [x3, #0x10]
      mov w10, #2
      strh w10, [x3, #4]        // decoded from here on
      add w9, w9, #0x100000
      str w9, [x3, #0x10]       // too late
      ldr w6, [x3, #0x10]
      ldr w7, [x6]              // through stage 2
      str w7, [x6, #0x40]
      ldr w8, [x6, #0x40]
      strh wzr, [x3, #4]
      str w5, [x3, #0x14]
      neg w11, w5
      add w6, w6, w11
      ldr w7, [x6]              // behind the BAR: nothing is there
      b .
    """,
    {
        0x0: (
            "0300a2d2641040b909008012691000b9651040b90960a452691000b94a0080526a08007929014411691000b9661040b9"
            "c70040b9c74000b9c84040b97f080079651400b9eb03054bc6000b0bc70040b900000014"
        ),
    },
)
"""BAR 0 is sized, moved, decoded, written too late, used; then an address behind it is."""
WAITS = Code(
    """
      movz x3, #0x1000, lsl #16
      ldrb w0, [x3, #0xE]
      mov w9, #0x1234
      cbz w0, wait
      hvc #0
    wait:
      b .
    """,
    {0x0: "0300a2d2603840398946825240000034020000d400000014"},
)
"""The type of the header that is read is the reason why it waits for ever."""
DETOURS = {
    "a register": (
        """
          mov w9, w0
          mov x10, x9
          mov x0, x10
        """,
        "fd031faa0300a2d2c2010010490004913f010091610040b9601040b9e903002aea0309aae0030aaa601400b900018052"
        "0080b072020000d4000000141f2003d5",
    ),
    "the stack": (
        """
          stp x0, x1, [sp, #-16]!
          mov x0, xzr
          ldp x0, x9, [sp], #16
        """,
        "fd031faa0300a2d2c2010010490004913f010091610040b9601040b9e007bfa9e0031faae027c1a8601400b900018052"
        "0080b072020000d4000000141f2003d5",
    ),
    "a call": (
        """
          bl 1f
          b 2f
          1: stp x29, x30, [sp, #-32]!
          mov x29, sp
          str w0, [x29, #24]
          mov w0, wzr
          ldr w0, [x29, #24]
          ldp x29, x30, [sp], #32
          ret
          2:
        """,
        "fd031faa0300a2d2c2020010490004913f010091610040b9601040b90200009408000014fd7bbea9fd030091a01b00b9"
        "e0031f2aa01b40b9fd7bc2a8c0035fd6601400b9000180520080b072020000d4000000141f2003d51f2003d51f2003d5",
    ),
    "the upper half": (
        """
          lsl x9, x0, #32
          orr x9, x9, x1
          lsr x0, x9, #32
        """,
        "fd031faa0300a2d2c2010010490004913f010091610040b9601040b9097c60d3290101aa20fd60d3601400b900018052"
        "0080b072020000d4000000141f2003d5",
    ),
    "a field": (
        """
          mov x9, x1
          bfi x9, x0, #16, #32
          ubfx x0, x9, #16, #32
        """,
        "fd031faa0300a2d2c2010010490004913f010091610040b9601040b9e90301aa097c70b320bd50d3601400b900018052"
        "0080b072020000d4000000141f2003d5",
    ),
    "halves": (
        """
          lsr w9, w0, #16
          and w10, w0, #0xffff
          bfi w10, w9, #16, #16
          mov w0, w10
        """,
        "fd031faa0300a2d2c2010010490004913f010091610040b9601040b9097c10530a3c00122a3d1033e0030a2a601400b9"
        "000180520080b072020000d400000014",
    ),
    "bytes swapped": (
        """
          rev w9, w0
          rev w0, w9
        """,
        "fd031faa0300a2d2c2010010490004913f010091610040b9601040b90908c05a2009c05a601400b9000180520080b072"
        "020000d4000000141f2003d51f2003d5",
    ),
    "a 32-bit write that clears the upper half": (
        """
          lsl x9, x1, #32
          orr x9, x9, x0
          mov w9, w9
          lsr x10, x9, #32
          orr w0, w9, w10
        """,
        "fd031faa0300a2d242020010490004913f010091610040b9601040b9297c60d3290100aae903092a2afd60d320010a2a"
        "601400b9000180520080b072020000d4000000141f2003d51f2003d51f2003d5",
    ),
    "sign extension": (
        """
          sxtw x9, w0
          asr x10, x9, #8
          lsl x10, x10, #8
          and x11, x0, #0xff
          orr x0, x10, x11
          mov w0, w0
        """,
        "fd031faa0300a2d242020010490004913f010091610040b9601040b9097c40932afd48934add78d30b1c409240010baa"
        "e003002a601400b9000180520080b072020000d4000000141f2003d51f2003d5",
    ),
    "a choice that flags made": (
        """
          cmp x2, x2
          csel w0, w0, w1, eq
        """,
        "fd031faa0300a2d2c2010010490004913f010091610040b9601040b95f0002eb0000811a601400b9000180520080b072"
        "020000d4000000141f2003d51f2003d5",
    ),
    "bytes of memory": (
        """
          str w0, [x2]
          strb w1, [x2, #4]
          ldrh w9, [x2], #2
          ldrb w10, [x2]
          ldrsb w11, [x2, #1]
          orr w9, w9, w10, lsl #16
          orr w0, w9, w11, lsl #24
        """,
        "fd031faa0300a2d242020010490004913f010091610040b9601040b9400000b941100039492440784a0040394b04c039"
        "29410a2a20610b2a601400b9000180520080b072020000d4000000141f2003d5",
    ),
    "an index": (
        """
          mov w9, #3
          str w0, [x2, w9, uxtw #2]
          str w1, [x2]
          ldr w0, [x2, x9, lsl #2]
        """,
        "fd031faa0300a2d2c2010010490004913f010091610040b9601040b969008052405829b8410000b9407869b8601400b9"
        "000180520080b072020000d400000014",
    ),
    "a pair of different things": (
        """
          stp w1, w0, [x2]
          ldr x9, [x2]
          ldr w0, [x2, #4]
        """,
        "fd031faa0300a2d2c2010010490004913f010091610040b9601040b941000029490040f9400440b9601400b900018052"
        "0080b072020000d4000000141f2003d5",
    ),
    "a sum": (
        """
          add w0, w0, #16
          sub w0, w0, #16
        """,
        "fd031faa0300a2d2c2010010490004913f010091610040b9601040b90040001100400051601400b9000180520080b072"
        "020000d4000000141f2003d51f2003d5",
    ),
    "a product": (
        """
          mov w9, #1
          mul w0, w0, w9
        """,
        "fd031faa0300a2d2c2010010490004913f010091610040b9601040b929008052007c091b601400b9000180520080b072"
        "020000d4000000141f2003d51f2003d5",
    ),
}


def detour(name: str) -> Code:
    """The whole program with a detour."""
    text, code = DETOURS[name]
    return Code(BEFORE + text + AFTER, {0: code})


def with_symbols(program: bytes, functions: dict[str, tuple[int, int]]) -> bytes:
    """An executable with a symbol table added: address and bytes of each function (System V ABI, chapter 4)."""
    names = b"\0.symtab\0.strtab\0"
    symbols = bytes(24)
    for name, (address, size) in functions.items():
        symbols += struct.pack("<IBBHQQ", len(names), 0x12, 0, 0xFFF1, address, size)
        names += name.encode() + b"\0"
    at = len(program)
    table = bytes(64)
    table += struct.pack("<IIQQQQIIQQ", 1, 2, 0, 0, at, len(symbols), 2, 1, 8, 24)
    table += struct.pack("<IIQQQQIIQQ", 9, 3, 0, 0, at + len(symbols), len(names), 0, 0, 1, 0)
    header = bytearray(program[:64])
    header[40:48] = struct.pack("<Q", at + len(symbols) + len(names))
    header[58:64] = struct.pack("<HHH", 64, 3, 2)
    return bytes(header) + program[64:] + symbols + names + table
