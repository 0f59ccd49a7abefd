"""What cannot be native code is refused when the image is made, and each machine's code does what another's does."""

import json

import numpy as np
import pytest
from unicorn import UC_ARCH_ARM64, UC_MODE_ARM, Uc
from unicorn.arm64_const import UC_ARM64_REG_LR, UC_ARM64_REG_SP, UC_ARM64_REG_X0

from fwsim.analysis import align
from fwsim.errors import FwsimError
from fwsim.native import callback, native, u64s
from fwsim.native.compiler.make import image
from fwsim.native.image import CODE_AT

CODE, DATA, STACK, END = 0x100000, 0x400000, 0x2000000, 0x3000000


def silent(done):
    """Nobody is told how much is done."""


@native
def _checked(words, at):
    if at > np.uint64(7):
        raise ValueError
    return words[at]


@callback("u64(u64, u64)")
def raising(address, at):
    return _checked(u64s(address), at)


@callback("u64(u64, u64)")
def careful(address, at):
    return _checked(u64s(address), at & np.uint64(7))


def test_code_that_may_raise_an_exception_is_no_image():
    with pytest.raises(FwsimError, match="cannot become an image") as caught:
        image([raising], silent)
    assert "raising" in caught.value.found


def test_an_exception_that_cannot_come_is_no_hindrance():
    head = json.loads(image([careful], silent)[:CODE_AT])
    assert list(head["functions"]) == [careful.name]


def test_a_machine_that_nobody_compiles_for_is_named():
    with pytest.raises(FwsimError) as caught:
        image([careful], silent, "riscv64")
    assert (caught.value.found, caught.value.expected) == ("riscv64", "x86_64 or aarch64")


class Arm:
    """An image for AArch64, on the engine's model of such a CPU."""

    def __init__(self, *callbacks):
        data = image(list(callbacks), silent, "aarch64")
        self.places = json.loads(data[:CODE_AT])["functions"]
        self.uc = Uc(UC_ARCH_ARM64, UC_MODE_ARM)
        code = data[CODE_AT:]
        self.uc.mem_map(CODE, -(-len(code) // 4096) * 4096)
        self.uc.mem_write(CODE, code)
        self.uc.mem_map(DATA, STACK - DATA + 0x1000)
        self.uc.mem_map(END, 4096)

    def call(self, callback, *arguments):
        self.uc.reg_write(UC_ARM64_REG_SP, STACK)
        self.uc.reg_write(UC_ARM64_REG_LR, END)
        for number, value in enumerate(arguments):
            self.uc.reg_write(UC_ARM64_REG_X0 + number, value & (1 << 64) - 1)
        self.uc.emu_start(CODE + self.places[callback.name], END)
        return self.uc.reg_read(UC_ARM64_REG_X0)

    def put(self, at, array):
        self.uc.mem_write(at, array.tobytes())
        return at

    def get(self, at, like):
        return np.frombuffer(self.uc.mem_read(at, like.nbytes), like.dtype).reshape(like.shape)


@pytest.mark.parametrize("seed", range(4))
def test_aarch64_code_finds_what_this_machine_finds(seed):
    """Patience sorting: loops, tables and comparisons, with numbers that are drawn."""
    values = np.random.default_rng(seed).integers(0, 50, 60)
    arm = Arm(align._longest_rising)
    room = [arm.put(DATA + 0x10000 * number, np.zeros_like(values)) for number in range(1, 4)]
    count = arm.call(align._longest_rising, arm.put(DATA, values), len(values), *room)
    here = align._rising(values)
    assert len(here) == count
    assert arm.get(room[2], values)[:count].tolist() == here.tolist()


def test_aarch64_code_calls_its_own_functions_and_reads_its_own_tables():
    """Myers' algorithm, in three functions, clears memory: relocations of calls and of addresses are filled in."""
    a, b = np.array([1, 2, 3, 4, 9, 6], np.int64), np.array([1, 3, 4, 5, 6], np.int64)
    arm = Arm(align._shortest, align._trim)
    table, match = np.array([[0, 6, 0, 5]], np.int64), np.full(6, -1, np.int64)
    room = DATA + 0x40000
    at = arm.put(DATA + 0x20000, match)
    arm.call(align._shortest, arm.put(DATA, a), arm.put(DATA + 0x8000, b), arm.put(DATA + 0x10000, table), 1, at, room)
    assert arm.get(at, match).tolist() == [0, -1, 1, 2, -1, 4]
