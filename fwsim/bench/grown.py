"""What ``fwsim bench --growth`` finds is one document: it is printed, kept as JSON, and made into docs/speed.md."""

from __future__ import annotations

from pathlib import Path

import msgspec

from fwsim.errors import FwsimError

LINEAR = 1.1
"""The slope up to which cost grows as size does: 1.1 is a quarter more for each ten times as much."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """``size`` units and what they cost: seconds, CPU seconds of all processes, MiB at their peaks, MB of file.

    All None where ``missing`` says why it was not measured. ``reference_us`` is the CPU time of one unit by the
    series' reference, measured in the same process.
    """

    size: int
    seconds: float | None = None
    cpu_s: float | None = None
    reference_us: float | None = None
    peak_mib: float | None = None
    file_mb: float | None = None
    missing: str = ""

    @property
    def each_us(self) -> float | None:
        """CPU time of one unit."""
        return None if self.cpu_s is None else 1e6 * self.cpu_s / self.size


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of work at several sizes; ``slope`` is that of log CPU time against log size, between the last two."""

    what: str
    unit: str
    reference: str
    rows: list[Row]
    slope: float | None

    @property
    def verdict(self) -> str:
        """Whether cost grows as size does, in words."""
        if self.slope is None:
            return "not known"
        return "linear or less" if self.slope <= LINEAR else "more than linear"


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """A program's millions of port accesses a second, and of instructions where no port is used.

    ``does`` says what it does with an access. None where it cannot be measured (``missing`` says why), or, for the
    instructions, where they are those of another row.
    """

    name: str
    does: str
    accesses: float | None = None
    instructions: float | None = None
    missing: str = ""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What one port access takes when so much of it is done, in ns, its share of the loop's instructions included."""

    name: str
    ns: float


class Grown(msgspec.Struct, frozen=True, kw_only=True):
    """All of one run, up to ``to`` events: ``cpu`` and ``cores`` of the machine, how many turns the peers had.

    ``others`` is the share of the cores' time that other programs had meanwhile, ``stolen`` that which the machine's
    own host had for others (Linux, Documentation/filesystems/proc.rst, /proc/stat); 0 to 1.
    """

    fwsim: str
    to: int
    cpu: str
    cores: int
    others: float
    stolen: float
    turns: int
    series: list[Series]
    peers: list[Peer]
    steps: list[Step]


def read(path: Path) -> Grown:
    """The document in ``path``. Raises FwsimError when it is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Grown)
    except OSError as error:
        raise FwsimError("cannot read the measurement", where=str(path), found=error.strerror or str(error),
                         hint="fwsim bench --growth --save FILE writes one") from None  # fmt: skip
    except msgspec.MsgspecError as error:
        raise FwsimError("not a measurement", where=str(path), found=str(error),
                         expected="what fwsim bench --growth --save FILE wrote") from None  # fmt: skip


def save(found: Grown, path: Path) -> None:
    """Write the document. Raises FwsimError when it cannot be written."""
    try:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
    except OSError as error:
        raise FwsimError(
            "cannot write the measurement", where=str(path), found=error.strerror or str(error),
            expected="a file in a folder that can be written", hint="choose another folder",
        ) from None  # fmt: skip
