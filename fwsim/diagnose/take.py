"""Files and folders are read into a case: dumps by the host's readers, everything else line by line."""

from __future__ import annotations

from pathlib import Path

from fwsim.diagnose.case import Case, Evidence, Fault, Unread
from fwsim.diagnose.messages.table import seen_in
from fwsim.diagnose.text import lines, shown
from fwsim.diagnose.vm.readers import take_vm
from fwsim.host.attach import attach
from fwsim.host.decode import decode
from fwsim.host.gather import gather, nothing_told
from fwsim.trace.log_lines import messages


def take(paths: list[Path]) -> Case:
    """Read everything. Raises FwsimError where a path is not there."""
    case = Case()
    found = gather(paths, must_tell=False)
    decode(found)
    case.packed = attach(found)
    case.host = found.dumps
    told = any(source.kinds for source in found.dumps.sources)
    for source in found.dumps.sources:
        try:
            told = take_vm(Path(source.path), source.file, case) or told
            _read(case, Path(source.path), source.file)
        except OSError as error:
            case.unread.append(Unread(file=source.file, why=f"cannot be read: {error.strerror}"))
    if not (told or case.seen or case.faults):
        raise nothing_told(paths, found.dumps)
    return case


def _read(case: Case, path: Path, name: str) -> None:
    for number, line in lines(path):
        case.seen += seen_in(line, name, number)
        if "DMA" not in line and "dmar_fault" not in line:
            continue
        for message in messages(line):
            if message.kind == "fault":
                page, read, reason = message.numbers
                function = f"{message.device >> 8:02x}:{message.device >> 3 & 31:02x}.{message.device & 7}"
                evidence = Evidence(file=name, line=number, text=shown(line))
                case.faults.append(
                    Fault(evidence=evidence, function=function, page=page, write=not read, reason=reason)
                )
            elif message.kind == "suppressed":
                case.suppressed += message.numbers[0]
