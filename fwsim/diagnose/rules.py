"""Rules that look at everything together: a rule gives the findings that only several facts show."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fwsim.diagnose.case import Case
from fwsim.diagnose.finding import Finding
from fwsim.diagnose.rules_faults import faults, interrupts
from fwsim.diagnose.rules_files import flash_images
from fwsim.diagnose.rules_firmware import rom_base, rom_not_run
from fwsim.diagnose.rules_machine import bridge, gtt, lpc, stolen, two_machines, vga_disabled
from fwsim.diagnose.rules_symptoms import symptoms
from fwsim.diagnose.rules_vm import of_vm

Rule = Callable[[Case], Iterator[Finding]]

RULES: tuple[Rule, ...] = (
    two_machines, faults, rom_base, interrupts, vga_disabled, bridge, stolen, gtt, lpc, rom_not_run, of_vm,
    symptoms, flash_images,
)  # fmt: skip
