"""GTT writes of a guest, by the port pair and by memory, under each kind: asked of the native code that a run has."""

import pytest
from guest_rig import CPU_OF_GEN, GuestRig

from fwsim.devices.igd import layout as g
from fwsim.hypervisor.qemu.gtt_shift import S_LIMIT
from fwsim.hypervisor.ranged_move import M_GUEST_SIZE

HOST = 0x7DA00000
MIB = 1 << 20


@pytest.fixture
def guest(request):
    made = []

    def make(*arguments, **named):
        made.append(GuestRig.of(*arguments, **named))
        return made[-1]

    yield make
    for rig in made:
        rig.close()


def put(rig, index, data):
    rig.out(0, index)
    rig.out(4, data)


def old(guest, gen=6, ggc=0x0208, bdsm=0xBD700000):
    """A guest of QEMU 9.2; GGC 0208h is 2 MiB of GTT: the limit is 800h, 512 pages of 4 bytes each."""
    rig = guest("qemu", "9.2", cpu=CPU_OF_GEN[gen], ggc=ggc, bdsm=HOST)
    rig.set_config(0x5C, bdsm)
    return rig


@pytest.mark.parametrize(
    ("index", "moved"),
    [(0x1, True), (0x7FD, True), (0x801, False), (0x805, False), (0x7FFD, False), (0x8001, False)],
)
def test_the_limit_is_pages_times_bytes_of_an_entry(guest, index, moved):
    """The last index below 800h is 7FDh; 801h and whatever follows reach the device as written."""
    rig = old(guest)
    put(rig, index, HOST | 1)
    assert rig.gtt(index >> 2) == (0xBD700001 if moved else HOST | 1)


def test_the_limit_itself_is_left_alone(guest):
    """No GGC makes a limit of the form 4n+1, so one is put in: the index that equals it is the first one that stays."""
    rig = old(guest)
    rig.machine.policy.words[S_LIMIT] = 0x7FD
    for index in (0x7F9, 0x7FD):
        put(rig, index, HOST | 1)
    assert [rig.gtt(0x1FE), rig.gtt(0x1FF)] == [0xBD700001, HOST | 1]


def test_the_limit_follows_the_memory_for_the_gtt(guest):
    """GGC 0008h has none: not even index 1 is moved. 0108h has 1 MiB: 256 pages, 400h."""
    rig = old(guest, ggc=0x0008)
    put(rig, 1, HOST | 1)
    assert rig.gtt(0) == HOST | 1
    rig = old(guest, ggc=0x0108)
    put(rig, 0x3FD, HOST | 1)
    put(rig, 0x401, HOST | 1)
    assert [rig.gtt(0xFF), rig.gtt(0x100)] == [0xBD700001, HOST | 1]


def test_the_upper_half_of_a_64_bit_entry_becomes_0(guest):
    rig = old(guest, gen=8, ggc=0x02C1)
    put(rig, 0x1, HOST | 1)
    put(rig, 0x5, 0x12345678)
    assert [rig.gtt(0), rig.gtt(1)] == [0xBD700001, 0]
    assert int(rig.last["aux"]) == 0x12345678


def test_the_upper_half_is_0_even_before_the_firmware_wrote_a_base(guest):
    rig = old(guest, gen=8, ggc=0x02C1, bdsm=0)
    put(rig, 0x5, 0x12345678)
    assert (rig.gtt(1), rig.aborted) == (0, False)


def test_a_guest_address_is_moved_as_well(guest):
    rig = old(guest)
    put(rig, 1, 0xBD700001)
    assert rig.gtt(0) == (2 * 0xBD700000 - HOST + 1) & 0xFFFFFFFF


@pytest.mark.parametrize("read_at", [0, 4])
def test_a_read_of_the_pair_forgets_the_index(guest, read_at):
    rig = old(guest)
    rig.out(0, 1)
    rig.in_(read_at)
    rig.out(4, HOST | 1)
    assert rig.gtt(0) == HOST | 1


def test_the_index_serves_one_data_write(guest):
    rig = old(guest)
    put(rig, 0x7FD, HOST | 1)
    rig.out(4, HOST | 1)
    assert rig.gtt(0x1FF) == HOST | 1
    assert int(rig.last["aux"]) == HOST | 1


def test_without_a_base_qemu_kills_the_guest(guest):
    rig = old(guest, bdsm=0)
    put(rig, 1, HOST | 1)
    assert rig.aborted
    assert rig.machine.first_gtt[:3] == (1, HOST | 1, (1 << 64) - 1)
    assert rig.gtt(0) == 0


def test_memory_writes_are_not_qemus(guest):
    rig = old(guest)
    rig.set_gtt(0, HOST | 1)
    assert rig.gtt(0) == HOST | 1


@pytest.mark.parametrize("profile", ["10.0", "next"])
def test_newer_releases_pass_everything(guest, profile):
    rig = guest("qemu", profile, bdsm=HOST)
    put(rig, 1, HOST | 1)
    assert rig.gtt(0) == HOST | 1
    assert not rig.machine.igd.block[g.G_POLICY]


# --- ranged ----------------------------------------------------------------------------------------------------------


def ranged(guest, gen=6, base=0x60000000, **host):
    rig = guest("ranged", cpu=CPU_OF_GEN[gen], bdsm=HOST, **host)
    rig.set_config(rig.built.given.bdsm.offset, base)
    return rig


def test_ranged_moves_what_points_into_the_hosts_stolen_memory(guest):
    """Sandy Bridge, GGC 0209h: 32 MiB. The last page moves, the one behind it and the one before stay."""
    rig = ranged(guest, ggc=0x0209)
    for number, page in enumerate((0, 31 * MIB, 32 * MIB - 4096, 32 * MIB, -4096)):
        put(rig, 4 * number | 1, HOST + page | 1)
    moved = [0x60000000, 0x60000000 + 31 * MIB, 0x62000000 - 4096]
    assert [rig.gtt(number) for number in range(5)] == [*(at | 1 for at in moved), HOST + 32 * MIB | 1, HOST - 4095]


def test_ranged_never_moves_past_the_end_of_the_guests(guest):
    """A guest that is offered 32 MiB of a host's 64: what lies behind the first 32 would fall past its end."""
    rig = ranged(guest, ggc=0x0211)
    rig.machine.policy.words[M_GUEST_SIZE] = 32 * MIB
    put(rig, 1, HOST + 32 * MIB - 4096 | 1)
    put(rig, 5, HOST + 32 * MIB | 1)
    put(rig, 9, HOST + 33 * MIB - 4096 | 1)
    assert [rig.gtt(n) for n in range(3)] == [0x62000000 - 4095, HOST + 32 * MIB | 1, HOST + 33 * MIB - 4095]


def test_ranged_leaves_an_entry_alone_that_is_not_valid(guest):
    rig = ranged(guest)
    put(rig, 1, HOST)
    assert rig.gtt(0) == HOST


def test_ranged_hears_memory_writes_too(guest):
    rig = ranged(guest)
    rig.set_gtt(0, HOST | 1)
    assert rig.gtt(0) == 0x60000001


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_ranged_judges_a_64_bit_entry_whole(guest, order):
    """Skylake: either half first. A high half of 0 belongs to the host's range, one of 1 to nobody's."""
    rig = ranged(guest, gen=9)
    for high in (0, 1):
        halves = (HOST | 1, high)
        for half in order:
            rig.set_gtt(4 * half, halves[half])
        assert (rig.gtt(0), rig.gtt(1)) == ((HOST | 1, 1) if high else (0x60000001, 0))


def test_ranged_moves_nothing_while_the_guest_has_no_base(guest):
    rig = ranged(guest, base=0)
    put(rig, 1, HOST | 1)
    assert rig.gtt(0) == HOST | 1
