"""docs/exactness.md's table, made anew: every vector is asked, and counted by system and by how it came about.

python tests/oracle/exactness_page.py docs/exactness.md
"""

import sys
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), *(str(HERE.parent / name) for name in ("", "report", "host", "roms", "devices"))]

from test_oracle import FOLDER, adapter_for, load, plain  # noqa: E402

BEGIN, END = "<!-- table of the vectors -->\n", "<!-- end -->\n"
HEAD = "| system | what | cases | how | equal | again |\n|---|---|---|---|---|---|\n"
WHAT = {
    "measured-seabios": "BARs, windows, OpRegion, BDSM, e820, log, warnings",
    "measured-seabios-2": "the same, random machines and Intel CPUs",
    "measured-ovmf": "OpRegion, BDSM, BARs, log",
    "measured-ovmf-2": "the same, by CPU model, count and RAM",
    "measured-ovmf-bits": "the same, by address bits, and the 2M build",
    "measured-bios-services": "registers at ROM entry, BDA, IVT, INT services, PMM, E820 during POST",
    "measured-chipset": "configuration space of the chipset, PAM, SMRAM, what takes writes after POST",
    "measured-hvmloader": "BARs, OpRegion page, RAM ends",
    "measured-hvmloader-mmconfig": "BARs, PCIEXBAR, RAM ends",
    "measured-qemu-igd": "what vfio-igd emulates, traps, refuses, says",
    "measured-qemu-trap": "the GTT rewrite of BAR4's ports, operation by operation",
    "measured-vbt": "VBT fields, panel timing, backlight",
    "vectors": "by case: addresses, register values, kernel lines",
}
"""File of vectors: what its answers are."""


def how(name, vector):
    """Booted, compiled or read."""
    if "compiled" in vector.get("source", ""):
        return "its source compiled and run"
    if name == "measured-vbt":
        return "igt 2.5's decoder run"
    if name.startswith("measured-"):
        return "booted"
    return "observed" if vector.get("certainty") == "observed" else "read"


def again(name):
    """The command that measures it again, or else asks fwsim again."""
    return "`make live`" if name.startswith(("measured-seabios", "measured-ovmf")) else "`make oracle`"


def vectors():
    """(file's name, vector) of all."""
    for path in sorted(FOLDER.glob("*.json.gz")):
        name = path.name.partition(".")[0]
        for vector in load(path):
            yield name, vector


def key(name, vector):
    return vector["system"], name, how(name, vector)


def counts():
    """How many vectors each row of the table stands for."""
    return Counter(key(name, vector) for name, vector in vectors())


def equal(vector):
    answer = adapter_for(vector["system"], vector.get("case") or "")(vector)
    return plain({name: answer.get(name) for name in vector["expect"]}) == plain(vector["expect"])


def table(total, good):
    """The table's text; ``good`` counts the equal ones of ``total``."""
    rows = []
    for row, cases in sorted(total.items()):
        system, name, way = row
        equals = "all" if good[row] == cases else good[row]
        rows.append(f"| {system} | {WHAT[name]} | {cases} | {way} | {equals} | {again(name)} |\n")
    return HEAD + "".join(rows)


def main(page):
    good = Counter()
    for name, vector in vectors():
        try:
            good[key(name, vector)] += equal(vector)
        except BaseException as skipped:  # pytest's skip is none of Exception's
            if type(skipped).__name__ != "Skipped":
                raise
    text = Path(page).read_text()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    Path(page).write_text(before + BEGIN + table(counts(), good) + END + after)


if __name__ == "__main__":
    main(sys.argv[1])
