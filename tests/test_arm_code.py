"""The tests' AArch64 programs are what clang makes of their assembly."""

import subprocess
import sys

import lief
import pytest

from tests.arm_code import CODE


@pytest.mark.parametrize("name", CODE)
def test_the_bytes_are_the_assembly(name, tmp_path):
    pytest.importorskip("ziglang")
    source, made = tmp_path / "code.s", tmp_path / "code.o"
    source.write_text(CODE[name].text)
    clang = [sys.executable, "-m", "ziglang", "clang", "--target=aarch64-unknown-none-elf", "-c", "-o"]
    subprocess.run([*clang, str(made), str(source)], check=True, timeout=300)
    binary = lief.parse(str(made))
    section = next(each for each in binary.sections if each.name == ".text")
    assert bytes(section.content) == CODE[name].data
