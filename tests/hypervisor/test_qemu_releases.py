"""QEMU's releases: which there are, and how many CPUs the machines of each take."""

import pytest

from fwsim.errors import FwsimError
from fwsim.hypervisor.qemu.releases import SERIES, most_cpus, release


@pytest.mark.parametrize(
    ("text", "number"), [("2.7", (2, 7)), ("2.12", (2, 12)), ("10.0.13", (10, 0, 13)), ("next", (11, 1, 99))]
)
def test_a_release_is_its_numbers(text, number):
    assert release(text) == number


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("2.13", "the nearest are 2.12 below and 3.0 above"), ("3.2.1", "the nearest are 3.1 below and 4.0 above"),
        ("9.3", "the nearest are 9.2 below and 10.0 above"), ("10.5", "the nearest are 10.2 below and 11.0 above"),
        ("1.4", "2.7 is the first with IGD assignment"), ("11.2", "11.1 is the newest known here"), ("ten", "such as"),
    ],
)  # fmt: skip
def test_one_that_does_not_exist_names_its_neighbours(text, hint):
    with pytest.raises(FwsimError, match="no such QEMU release") as caught:
        release(text)
    assert caught.value.hint.startswith(hint)


def test_the_series_go_up():
    assert list(SERIES) == sorted(set(SERIES))


@pytest.mark.parametrize(
    ("machine", "number", "most"),
    [
        ("pc", (2, 7), 255), ("pc", (11, 1), 255), ("q35", (2, 7), 255), ("q35", (2, 8), 288), ("q35", (8, 0, 5), 288),
        ("q35", (8, 1), 1024), ("q35", (8, 2), 1024), ("q35", (9, 0), 4096), ("q35", (11, 1), 4096),
    ],
)  # fmt: skip
def test_cpus_by_machine_and_release(machine, number, most):
    """max_cpus of hw/i386/pc_q35.c by machine type; 255 and 288 are in the error of QEMU 7.2, too."""
    assert most_cpus(machine, number) == most
