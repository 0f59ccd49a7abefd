"""``fwsim host capture``: collects on a live Linux machine what ``fwsim host import`` reads."""

from pathlib import Path
from typing import Annotated

import typer

from fwsim.cli import common, output


def capture(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder to make.")] = Path("dumps"),
    root: Annotated[Path, typer.Option("--root", metavar="DIR", help="Where sys/ and proc/ are.")] = Path("/"),
    force: Annotated[bool, typer.Option("--force", help="Replace files in the folder.")] = False,
    script: Annotated[bool, typer.Option("--script", help="Print a sh script that does it without fwsim.")] = False,
    json: common.Json = False,
) -> None:
    """Collect PCI configuration space, ROM, /proc/iomem, dmesg, OpRegion, VBT and EDIDs into a folder.

    Most of it needs root; what could not be read is said, with why. The ROM is enabled to be read, and disabled again.

    --script prints a script for a machine without fwsim (Proxmox, unraid, any Linux, XCP-ng, FreeBSD). It takes the
    VMs' configurations as well, leaves serials, MACs, names and secrets out, and makes an archive for fwsim diagnose.

    \b
    Examples:
      sudo fwsim host capture --out dumps
      fwsim host capture --root /mnt/sysroot --out dumps
      fwsim host capture --script > igd-capture.sh
    """
    if script:
        from fwsim.host.capture import script as text

        output.write(text())
        return
    from fwsim.host.capture import capture as collect
    from fwsim.report.host import render_capture

    pieces = collect(out, root, force)
    if json:
        common.emit_json({"out": str(out), "pieces": pieces})
    else:
        common.emit(render_capture(pieces, str(out)))


app = common.app(capture)
