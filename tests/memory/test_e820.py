from hypothesis import given
from hypothesis import strategies as st

from fwsim.memory.e820 import HOLE, MAX_ENTRIES, E820Map, E820Type

SPACE = 64
operations = st.lists(
    st.tuples(
        st.integers(0, SPACE - 1), st.integers(0, SPACE), st.sampled_from([1, 2, 3, 4, HOLE])
    ).filter(lambda op: op[0] + op[1] <= SPACE),
    max_size=24,
)  # fmt: skip


def byte_map(ops):
    """What each byte is, the newest operation winning: the naive model."""
    cells = [None] * SPACE
    for start, size, kind in ops:
        cells[start : start + size] = [None if kind == HOLE else kind] * size
    return cells


def runs(cells):
    out = []
    for address, kind in enumerate(cells):
        if kind is None:
            continue
        if out and out[-1][1] == address and out[-1][2] == kind:
            out[-1] = (out[-1][0], address + 1, kind)
        else:
            out.append((address, address + 1, kind))
    return out


@given(operations)
def test_map_equals_a_byte_map_with_equal_neighbours_merged(ops):
    built = E820Map()
    for start, size, kind in ops:
        built.add(start, size, kind)
    assert [(e.start, e.end, e.type) for e in built] == runs(byte_map(ops))


@given(operations, st.integers(0, SPACE), st.integers(1, SPACE))
def test_is_used_and_type_at_agree_with_the_bytes(ops, start, size):
    built = E820Map()
    for op in ops:
        built.add(*op)
    cells = byte_map(ops) + [None] * SPACE * 2
    assert built.is_used(start, size) == any(kind is not None for kind in cells[start : start + size])
    assert built.type_at(start) == cells[start]


def test_what_touches_on_either_side_and_is_alike_is_one():
    """SeaBIOS src/e820map.c, e820_add: an entry of the same type that only touches is merged, one of another is not."""
    built = E820Map([(0x1000, 0x1000, E820Type.RAM), (0x2000, 0x1000, E820Type.RAM), (0, 0x1000, E820Type.RAM)])
    assert built.rows() == [(0, 0x3000, "RAM")]
    built.add(0x3000, 0x1000, E820Type.NVS)
    assert built.rows() == [(0, 0x3000, "RAM"), (0x3000, 0x4000, "NVS")]


def test_rows_name_the_types():
    built = E820Map([(0, 0x1000, E820Type.RAM), (0x1000, 0x1000, E820Type.NVS), (0x2000, 0x1000, 77)])
    assert built.rows() == [(0, 0x1000, "RAM"), (0x1000, 0x2000, "NVS"), (0x2000, 0x3000, "UNKNOWN")]


def test_a_full_table_drops_the_entry_and_counts_it():
    built = E820Map((n * 0x2000, 0x1000, E820Type.RAM) for n in range(MAX_ENTRIES))
    built.add(MAX_ENTRIES * 0x2000, 0x1000, E820Type.RAM)
    assert (len(built), built.dropped) == (MAX_ENTRIES, 1)


def test_ram_ends_below_and_above_4g():
    built = E820Map([(0, 0x80000000, 1), (1 << 32, 0x40000000, 1), (0xFD00000000, 0x300000000, 2)])
    assert (built.ram_below_4g(), built.ram_over_4g()) == (0x80000000, 0x40000000)
    assert E820Map().ram_below_4g() == E820Map().ram_over_4g() == 0
