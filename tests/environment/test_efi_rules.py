"""The rules of the machine: what a driver must not do is said, and the trace is kept."""

import itertools

import pytest
from efi_rig import (
    BOOT_AT,
    FUNCTIONS,
    HANDLE_AT,
    SCRATCH,
    SYSTEM_AT,
    image,
    lea,
    lea8,
    load,
    made,
    program,
    put,
    service,
    store,
)

from fwsim.environment.uefi import binding, memory_services, tables
from fwsim.environment.uefi.uefi import EndedError, Uefi
from fwsim.environment.uefi.words import BOOT, DRIVER_BINDING, MEMORY_TYPES, PCI_IO
from fwsim.errors import FwsimError
from fwsim.trace.efi import number_of
from fwsim.trace.event import Op, Space

NOT_FOUND = "48b80e00000000000080"
"""MOV RAX, EFI_NOT_FOUND."""


def _breaches(code: str, back: str = "31c0") -> tuple[Uefi, list[str]]:
    uefi, _ = made()
    put(uefi, program(code, back=back))
    return uefi, uefi.breaches


def _argument(register: str, value: int) -> str:
    return {"rcx": "b9", "rdx": "ba", "r8": "41b8", "r9": "41b9"}[register] + value.to_bytes(4, "little").hex()


def _calls(uefi: Uefi, name: str) -> int:
    """How often a service was called."""
    events = uefi.machine.recorder.tail(10_000)
    chosen = events["space"] == int(Space.EFI)
    chosen &= (events["op"] == int(Op.CALL)) & (events["address"] == number_of(name))
    return int(chosen.sum())


def test_a_well_behaved_driver_breaks_no_rule() -> None:
    code = _argument("rcx", 4) + _argument("rdx", 64) + lea8(SCRATCH) + service("AllocatePool")
    code += load("rcx", SCRATCH) + service("FreePool")
    code += _argument("rcx", 16) + service("RaiseTPL") + _argument("rcx", 4) + service("RestoreTPL")
    _, breaches = _breaches(code)
    assert breaches == []


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (_argument("rcx", 31) + service("RaiseTPL"), "returns at TPL HIGH_LEVEL, called at APPLICATION"),
        (
            _argument("rcx", 16) + service("RaiseTPL") + _argument("rcx", 8) + service("RaiseTPL")
            + _argument("rcx", 4) + service("RestoreTPL"),
            "RaiseTPL from NOTIFY to CALLBACK",
        ),
        (
            _argument("rcx", 8) + service("RestoreTPL") + _argument("rcx", 4) + service("RestoreTPL"),
            "RestoreTPL from APPLICATION to CALLBACK",
        ),
        (_argument("rcx", 0x123450) + service("FreePool"), "FreePool of 0x123450, that was not allocated"),
        (
            _argument("rcx", 4) + _argument("rdx", 64) + lea8(SCRATCH) + service("AllocatePool")
            + (load("rcx", SCRATCH) + service("FreePool")) * 2,
            "for the second time",
        ),
        (
            _argument("rcx", 0x700000) + _argument("rdx", 2) + service("FreePages"),
            "FreePages of 0x700000, 2 pages, that were not allocated",
        ),
        (load("rax", SYSTEM_AT) + "c6401801", "IBI SYST's table"),
        (load("rax", BOOT_AT) + "c6402001", "BOOTSERV's table"),
        (
            _argument("rcx", 31) + service("RaiseTPL") + _argument("rcx", 4) + _argument("rdx", 64) + lea8(SCRATCH)
            + service("AllocatePool") + _argument("rcx", 4) + service("RestoreTPL"),
            "BootServices.AllocatePool at TPL HIGH_LEVEL, over NOTIFY",
        ),
    ],
)  # fmt: skip
def test_a_breach_is_named_and_is_an_event(code: str, said: str) -> None:
    uefi, breaches = _breaches(code)
    assert [said in each for each in breaches] == [True]
    events = uefi.machine.recorder.tail(100)
    notes = events[(events["space"] == int(Space.EFI)) & (events["op"] == int(Op.NOTE))]
    assert len(notes) == 1
    assert uefi.breaches[int(notes[0]["aux"])] == breaches[0]


def test_freed_memory_is_poisoned() -> None:
    code = _argument("rcx", 4) + _argument("rdx", 64) + lea8(SCRATCH) + service("AllocatePool")
    uefi, _ = _breaches(code + load("rcx", SCRATCH) + service("FreePool"))
    at = next(reversed(sorted(uefi.memory.freed)))
    assert uefi.memory.ram.read(at, 64) == b"\xaf" * 64


def test_an_entry_that_fails_is_named_and_its_image_unloaded() -> None:
    uefi, _ = made()
    driver = put(uefi, program("", back=NOT_FOUND), "mine.efi")
    assert driver.entry == "NOT_FOUND"
    assert uefi.breaches == ["mine.efi: its entry returned NOT_FOUND, and it was unloaded"]
    assert driver.handle not in uefi.handles.all
    assert driver.base not in uefi.memory.taken


def test_services_after_exit_boot_services_are_refused_and_said() -> None:
    uefi, _ = made()
    code = load("rcx", HANDLE_AT) + load("rdx", SCRATCH) + service("ExitBootServices") + store(SCRATCH + 8, "rax")
    code += _argument("rcx", 1) + service("Stall") + store(SCRATCH + 16, "rax")
    driver = put(uefi, program(_map_key() + code))
    assert uefi.number(driver.base + SCRATCH + 8) == 0
    assert uefi.number(driver.base + SCRATCH + 16) == 1 << 63 | 3
    assert uefi.breaches == ["BootServices.Stall after ExitBootServices"]
    assert uefi.number(tables.system(uefi) + 96) == 0


def _map_key() -> str:
    """GetMemoryMap into 8 KiB of pool at [SCRATCH + 24], its key to SCRATCH."""
    pool = _argument("rcx", 4) + _argument("rdx", 0x2000) + lea8(SCRATCH + 24) + service("AllocatePool")
    size = "48b80020000000000000" + store(SCRATCH + 32, "rax") + lea("rax", SCRATCH + 40) + "4889442420"
    return (
        pool
        + size
        + lea("rcx", SCRATCH + 32)
        + load("rdx", SCRATCH + 24)
        + lea8(SCRATCH)
        + ("4c8d0d" + (0x5AA50000 | SCRATCH + 48).to_bytes(4, "little").hex())
        + service("GetMemoryMap")
    )


def test_an_old_key_does_not_end_boot_services() -> None:
    uefi, _ = made()
    code = load("rcx", HANDLE_AT) + _argument("rdx", 0) + service("ExitBootServices") + store(SCRATCH, "rax")
    driver = put(uefi, program(code))
    assert uefi.number(driver.base + SCRATCH) == 1 << 63 | 2
    assert not uefi.over


def test_a_null_pointer_is_the_end_and_names_the_address() -> None:
    uefi, _ = made()
    with pytest.raises(EndedError) as caught:
        put(uefi, program("31c0 488b4008"))
    assert caught.value.ending.reason == "invalid"
    assert "0x" in caught.value.ending.detail


def test_a_service_given_nothing_to_read_is_the_end() -> None:
    uefi, _ = made()
    with pytest.raises(EndedError) as caught:
        put(uefi, program(lea("rcx", SCRATCH) + "48baf0ffffffffffffff" + "41b810000000" + service("CopyMem")))
    assert caught.value.ending.detail.startswith("BootServices.CopyMem was given an address where nothing is")


# --- events --------------------------------------------------------------------------------------------------------
def _event(kind: int, tpl: int, notify: str, then: str, uefi: Uefi | None = None) -> tuple[Uefi, int]:
    """A driver that creates an event with ``notify`` (code) as its function, handle at SCRATCH, then runs ``then``."""
    uefi = uefi or made()[0]
    create = _argument("rcx", kind) + _argument("rdx", tpl) + "eb" + f"{len(bytes.fromhex(notify)):02x}" + notify
    place = "4c8d05" + (-(len(bytes.fromhex(notify)) + 7) & 0xFFFFFFFF).to_bytes(4, "little").hex()
    create += place + "4531c9" + lea("rax", SCRATCH) + "4889442420" + service("CreateEvent")
    return uefi, put(uefi, program(create + then)).base


def _count(offset: int = SCRATCH + 8) -> str:
    """A notification that adds one to a number: ADD DWORD [RIP+...], 1; RET."""
    return load("rax", offset) + "48ffc0" + store(offset, "rax") + "c3"


def test_a_notification_waits_for_its_level() -> None:
    signal = load("rcx", SCRATCH) + service("SignalEvent")
    then = _argument("rcx", 16) + service("RaiseTPL") + signal + load("rax", SCRATCH + 8) + store(SCRATCH + 16, "rax")
    uefi, base = _event(0x200, 8, _count(), then + _argument("rcx", 4) + service("RestoreTPL"))
    assert uefi.number(base + SCRATCH + 16) == 0
    assert uefi.number(base + SCRATCH + 8) == 1
    assert uefi.breaches == []


def test_a_timer_fires_in_virtual_time() -> None:
    timer = load("rcx", SCRATCH) + _argument("rdx", 1) + _argument("r8", 200_000) + service("SetTimer")
    uefi, base = _event(0x80000200, 8, _count(), timer + _argument("rcx", 70_000) + service("Stall"))
    assert uefi.number(base + SCRATCH + 8) == 3, "every 20 ms of 70"


def test_wait_for_event_lets_time_pass_to_the_timer() -> None:
    timer = load("rcx", SCRATCH) + _argument("rdx", 2) + _argument("r8", 500_000) + service("SetTimer")
    wait = _argument("rcx", 1) + lea("rdx", SCRATCH) + lea8(SCRATCH + 8) + service("WaitForEvent")
    uefi, base = _event(0x80000000, 4, "c3", timer + wait + store(SCRATCH + 16, "rax"))
    assert uefi.number(base + SCRATCH + 16) == 0
    assert 50_000_000 <= uefi.now < 52_000_000


def test_waiting_for_what_nothing_signals_is_a_hang_and_no_loop() -> None:
    wait = _argument("rcx", 1) + lea("rdx", SCRATCH) + lea8(SCRATCH + 8) + service("WaitForEvent")
    with pytest.raises(EndedError) as caught:
        _event(0, 4, "c3", wait)
    assert caught.value.ending.reason == "hung"
    assert "nothing signals" in caught.value.ending.detail


def test_a_notification_that_loops_is_named() -> None:
    uefi, _ = made()
    with pytest.raises(EndedError) as caught:
        _event(0x200, 8, "ebfe", load("rcx", SCRATCH) + service("SignalEvent"), uefi)
    assert caught.value.ending.reason == "hung"
    assert any("does not come back" in each for each in uefi.breaches)


def test_a_wait_that_would_not_end_is_told_what_would_end_it() -> None:
    uefi, _ = made(events=2_000_000)
    display = next(each for each in uefi.machine.functions if each.devfn == 0x10)
    register = uefi.machine.windows.bar_address(display, display.bars[0]) + 0x45400
    poll = "48b8" + register.to_bytes(8, "little").hex() + "8b08 f7c100000040 74f6"
    with pytest.raises(EndedError) as caught:
        put(uefi, program(poll))
    release = uefi.slices.assist.release
    assert caught.value.ending.reason == "hung"
    assert release is not None
    assert (release.wait.address, release.answer) == (0x45400, 1 << 30)


# --- images --------------------------------------------------------------------------------------------------------
def test_exit_leaves_the_entry_with_its_status() -> None:
    uefi, _ = made()
    code = load("rcx", HANDLE_AT) + "48ba0e00000000000080" + service("Exit")
    assert put(uefi, program(code)).entry == "NOT_FOUND"


def test_exit_gives_the_starter_its_registers_back() -> None:
    uefi, _ = made()
    inner = program("bb55000000" + load("rcx", HANDLE_AT) + "31d2" + service("Exit"))
    driver = put(uefi, program("bb77000000" + _start(uefi, inner) + store(SCRATCH + 8, "rbx")))
    assert uefi.number(driver.base + SCRATCH + 8) == 0x77


def _start(uefi: Uefi, inner: bytes) -> str:
    """Code that loads an image out of memory, and starts it."""
    start = "48b8" + uefi.memory.new(inner).to_bytes(8, "little").hex()
    code = "31c9" + load("rdx", HANDLE_AT) + "4531c0" + start + "4989c1"
    code += "48c7442420" + len(inner).to_bytes(4, "little").hex() + lea("rax", SCRATCH) + "4889442428"
    return code + service("LoadImage") + load("rcx", SCRATCH) + "31d24531c0" + service("StartImage")


def test_an_image_in_memory_is_loaded_and_started() -> None:
    uefi, _ = made()
    driver = put(uefi, program(_start(uefi, program(_argument("rcx", 7) + service("Stall")))))
    assert driver.entry == "SUCCESS"
    assert _calls(uefi, "BootServices.Stall") == 1
    assert uefi.now >= 7000


@pytest.mark.parametrize(("machine", "said"), [(0xAA64, "aarch64"), (0x014C, "ia32"), (0x0EBC, "EFI byte code")])
def test_a_driver_for_another_machine_is_refused(machine: int, said: str) -> None:
    uefi, _ = made()
    with pytest.raises(FwsimError, match="for another machine") as caught:
        put(uefi, image(b"\xc3", machine=machine))
    assert caught.value.found == said


# --- memory, binding, snapshots ------------------------------------------------------------------------------------
def test_the_memory_map_has_all_of_memory_once() -> None:
    uefi, _ = made('[guest]\nram = "5G"\n')
    put(uefi, program(""))
    rows = uefi.memory.map(uefi.machine.low, uefi.machine.high)
    low = [row for row in rows if row[0] < 1 << 32]
    assert low[0][0] == 0
    assert low[-1][1] == uefi.machine.low
    assert all(one[1] == other[0] for one, other in itertools.pairwise(low))
    kinds = {MEMORY_TYPES[kind] for _, _, kind in rows}
    assert {"Free", "BSCode", "BSData", "NVS", "Reserved"} <= kinds
    stolen = uefi.built.placed.bdsm
    assert stolen
    assert next(kind for start, end, kind in rows if start <= stolen < end) == MEMORY_TYPES.index("Reserved")
    assert len(memory_services.memory_map(uefi)) == 48 * len(rows)


def _binding(uefi: Uefi, version: int, *, supports: bool) -> int:
    """A driver's binding, installed; its address."""
    yes = "31c0c3".ljust(32, "c")
    no = "48b80300000000000080c3".ljust(32, "c")
    driver = put(uefi, program("", functions=(yes if supports else no) + yes))
    functions = driver.base + 0x1000 + FUNCTIONS
    at = uefi.numbers([functions, functions + 16, functions + 16, version, driver.handle, driver.handle])
    uefi.handles.install(driver.handle, DRIVER_BINDING, at)
    return at


def test_bindings_are_asked_by_version_and_again_after_a_start() -> None:
    uefi, handles = made()
    low = _binding(uefi, 0x10, supports=True)
    high = _binding(uefi, 0x30, supports=False)
    middle = _binding(uefi, 0x20, supports=True)
    told = []
    assert binding.connect(uefi, handles[0x10], tell=lambda *each: told.append(each)) == 0
    unsupported = 1 << 63 | 3
    assert told == [
        (high, "supported", unsupported), (middle, "supported", 0), (middle, "start", 0),
        (high, "supported", unsupported), (low, "supported", 0), (low, "start", 0),
        (high, "supported", unsupported),
    ]  # fmt: skip


def test_images_that_the_caller_names_are_asked_first() -> None:
    uefi, handles = made()
    low, high = _binding(uefi, 0x10, supports=True), _binding(uefi, 0x30, supports=True)
    order = [each.at for each in binding.in_order(uefi, handles[0x10], [binding.image_of(uefi, low)])]
    assert order == [low, high]


def test_a_snapshot_brings_back_memory_handles_events_and_levels() -> None:
    uefi, handles = made()
    code = _argument("rcx", 4) + _argument("rdx", 64) + lea8(SCRATCH) + service("AllocatePool")
    code += _argument("rcx", 16) + service("RaiseTPL")
    put(uefi, program(""))
    before = uefi.slices.snapshot()
    runs = []
    for _ in range(2):
        driver = put(uefi, program(code))
        _binding(uefi, 0x10, supports=True)
        binding.connect(uefi, handles[0x10])
        events = uefi.machine.recorder.tail(60).tobytes()
        runs.append((driver, list(uefi.breaches), list(uefi.handles.all), uefi.memory.snapshot(), events))
        uefi.slices.restore(before)
    assert runs[0] == runs[1]
    assert uefi.breaches == []
    assert uefi.tpl == 4


def test_a_call_from_inside_leaves_what_was_counted_outside() -> None:
    uefi, base = _event(0x200, 8, _count(), (load("rcx", SCRATCH) + service("SignalEvent")) * 3)
    assert uefi.number(base + SCRATCH + 8) == 3
    assert uefi.slices.ended is None


# --- variables, the clock, device paths ----------------------------------------------------------------------------
def _runtime(number: int) -> str:
    """CALL to a runtime service by its place in the table."""
    return load("rax", SYSTEM_AT) + "488b4058 ff90".replace(" ", "") + (24 + 8 * number).to_bytes(4, "little").hex()


def _variable(number: int, size: int) -> str:
    """GetVariable (6) or SetVariable (8) of the variable named by SCRATCH: name, GUID 16 bytes on, data 64 bytes on."""
    data = lea("rax", SCRATCH + 64) + "4889442420"
    if number == 6:
        fourth = "4c8d0d" + (0x5AA50000 | SCRATCH + 48).to_bytes(4, "little").hex()
        return data + lea("rcx", SCRATCH) + lea("rdx", SCRATCH + 16) + "4531c0" + fourth + _runtime(6)
    return data + lea("rcx", SCRATCH) + lea("rdx", SCRATCH + 16) + "41b802000000" + _argument("r9", size) + _runtime(8)


def test_a_variable_is_kept_and_given_back_by_size() -> None:
    uefi, _ = made()
    name = "48c7c041004200" + store(SCRATCH, "rax")
    value = "48c7c078563412" + store(SCRATCH + 64, "rax")
    room = "48c7c002000000" + store(SCRATCH + 48, "rax")
    code = name + value + _variable(8, 4) + store(SCRATCH + 80, "rax") + room + _variable(6, 0)
    driver = put(uefi, program(code + store(SCRATCH + 88, "rax")))
    at = driver.base + SCRATCH
    assert uefi.number(at + 80) == 0
    assert uefi.number(at + 88) == 1 << 63 | 5, "BUFFER_TOO_SMALL"
    assert uefi.number(at + 48) == 4
    assert uefi.state["variables"] == {("AB", bytes(16)): (2, bytes.fromhex("78563412"))}


def test_the_clock_is_the_virtual_time() -> None:
    uefi, _ = made()
    code = "b980969800" + service("Stall") + lea("rcx", SCRATCH) + "31d2" + _runtime(0)
    driver = put(uefi, program(code))
    assert uefi.cpu.read(driver.base + SCRATCH, 7) == bytes.fromhex("e607 01 01 0c 00 0a")


def test_a_registration_gives_each_instance_once() -> None:
    uefi, handles = made()
    boot = uefi.number(tables.system(uefi) + 96)

    def called(name: str, *arguments: int) -> int:
        return uefi.call(uefi.number(boot + 24 + 8 * BOOT.index(name)), *arguments)

    guid, place, count = uefi.memory.new(PCI_IO), uefi.numbers([0]), len(handles)
    assert called("CreateEvent", 0, 4, 0, 0, place) == 0
    assert called("RegisterProtocolNotify", guid, uefi.number(place), place) == 0
    key, found = uefi.number(place), []
    while not called("LocateProtocol", guid, key, place) and len(found) <= count:
        found.append(uefi.number(place))
    assert len(set(found)) == len(found) == count
    assert called("LocateProtocol", guid, 0, place) == 0, "without a registration, as ever"


def test_the_longest_device_path_is_located() -> None:
    uefi, handles = made()
    node = bytes((1, 1, 6, 0, 0, 2))
    root = bytes((2, 1, 12, 0)) + (0x0A0341D0).to_bytes(4, "little") + bytes(4)
    path = uefi.memory.new(root + node + bytes((3, 9, 4, 0)) + bytes((0x7F, 0xFF, 4, 0)))
    guid, place, found = uefi.memory.new(PCI_IO), uefi.numbers([path]), uefi.numbers([0])
    arguments = ("48b9", guid), ("48ba", place), ("49b8", found)
    code = "".join(opcode + value.to_bytes(8, "little").hex() for opcode, value in arguments)
    driver = put(uefi, program(code + service("LocateDevicePath"), back=""))
    assert driver.entry == "SUCCESS"
    assert uefi.number(found) == handles[0x10]
    assert uefi.number(place) == path + len(root) + len(node)
