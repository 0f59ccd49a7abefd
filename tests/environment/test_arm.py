"""A program on an Arm guest: aborts as Xen injects them, PSCI, WFI, and ways to end."""

from fwsim.running.arm import ArmRun
from fwsim.trace.event import Actor, Op, Space
from tests.arm_code import CODE, ENTRY, elf, scenario

DATA_ABORT, SVC, UNKNOWN = 0x25, 0x15, 0x00  # exception classes (Arm ARM DDI 0487, ESR_EL1)
IL = 1 << 25


def run(tmp_path, name, more="", options=""):
    one = ArmRun(scenario(tmp_path, elf(CODE[name].data), more, options))
    return one, one.post()


def register(one, name):
    return one.built.machine.engine.get(name)


def test_an_access_to_where_nothing_is_ends_in_an_abort_that_the_program_survives(tmp_path):
    one, ending = run(tmp_path, "aborts", options='passthrough = "enabled"')
    assert (ending.reason, ending.detail) == ("completed", "PSCI SYSTEM_OFF")
    assert register(one, "x20") == 3  # a read, a write, and a read of the window that is not aligned
    assert register(one, "x7") == 77  # the load that was aborted changed nothing
    assert register(one, "x6") == 0  # nor did the one that vPCI refuses
    assert register(one, "x12") >> 26 == DATA_ABORT
    assert register(one, "x13") == 0x10000002
    events = one.built.machine.recorder.read(0, one.built.machine.recorder.count)
    faults = events[(events["space"] == Space.INTERRUPT) & (events["op"] == Op.CALL) & (events["flags"] != 0)]
    assert faults["value"].tolist() == [0x50000000, 0x50000008, 0x10000002]
    assert faults["ip"].tolist() == [ENTRY + 4 * number for number in (4, 5, 7)]
    assert set(faults["actor"].tolist()) == {Actor.GUEST}


def test_the_write_bit_of_the_syndrome(tmp_path):
    one, _ = run(tmp_path, "aborts")
    machine = one.built.machine
    machine.engine.set("vbar_el1", 0x40000000)
    machine.aborted = (0x50000000, True)
    one.session.slices.processor.fault(4)
    assert machine.engine.get("esr_el1") == DATA_ABORT << 26 | IL | 1 << 6 | 0x10
    machine.aborted = (0x50000000, False)
    one.session.slices.processor.fault(4)
    assert machine.engine.get("esr_el1") == DATA_ABORT << 26 | IL | 0x10
    assert machine.engine.get("pc") == 0x40000200


def test_without_vectors_an_abort_is_the_end(tmp_path):
    _, ending = run(tmp_path, "no_vectors")
    assert (ending.reason, ending.ip) == ("invalid", ENTRY + 4)
    assert ending.detail == (
        "data abort: read of 0x50000000, where nothing answers; VBAR_EL1 is 0: the program has no exception vectors"
    )


def test_a_jump_to_where_nothing_is(tmp_path):
    _, ending = run(tmp_path, "jumps_away")
    assert (ending.reason, ending.ip) == ("invalid", 0x7000)
    assert "execution of an address where nothing is: 0x7000" in ending.detail


def test_a_branch_to_itself(tmp_path):
    _, ending = run(tmp_path, "spins")
    assert (ending.reason, ending.ip) == ("hung", ENTRY)
    assert "jump to itself" in ending.detail


def test_the_second_wait_is_the_end(tmp_path):
    one, ending = run(tmp_path, "waits")
    assert ending.reason == "completed"
    assert register(one, "x3") == 2
    assert ending.ip == ENTRY + 16


def test_psci(tmp_path):
    one, ending = run(tmp_path, "psci")
    assert (ending.reason, ending.detail) == ("error", "PSCI SYSTEM_RESET: the guest reset itself")
    assert register(one, "x11") == 0x10001  # PSCI_VERSION: 1.1
    assert register(one, "x12") == (1 << 64) - 1  # NOT_SUPPORTED


def test_undefined_instructions_and_svc_go_to_the_vectors(tmp_path):
    one, ending = run(tmp_path, "undefined")
    assert ending.reason == "completed"
    assert register(one, "x21") == UNKNOWN << 8 | SVC
    assert register(one, "x12") == SVC << 26 | IL | 5


def test_a_snapshot_gives_the_same_events_again(tmp_path):
    one = ArmRun(scenario(tmp_path, elf(CODE["aborts"].data), options='passthrough = "enabled"'))
    before = one.session.slices.snapshot()
    recorder = one.built.machine.recorder

    def events():
        one.session.start()
        return recorder.read(0, recorder.count).tobytes()

    first = events()
    one.session.slices.restore(before)
    assert events() == first
    assert len(first) > 0


def test_the_tree_lies_at_the_end_of_a_small_guests_ram(tmp_path):
    one = ArmRun(scenario(tmp_path, elf(CODE["waits"].data)))
    assert one.built.tree_at == 0x40000000 + (62 << 20)  # of 64 MiB, 2 MiB for it
    assert one.built.machine.ram.read(62 << 20, 4) == b"\xd0\x0d\xfe\xed"
