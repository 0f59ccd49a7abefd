"""Mappings over each other, and in pieces. Source: Xen c447b7308b, xen/arch/arm/mmu/p2m.c, xen/arch/x86/mm/p2m.c."""

import pytest

from fwsim.hypervisor.vpci.stage2 import MapError, Mapping, Stage2


def spans(stage2):
    return [(each.guest, each.host, each.size) for each in stage2.mappings]


def test_who_follows_hears_of_each():
    heard = []
    stage2 = Stage2(changed=lambda mapping, mapped: heard.append((mapping.guest, mapping.size, mapped)))
    stage2.map(Mapping(0x10000, 0x90000, 0x4000, 8, 0))
    stage2.unmap(0x11000, 0x1000)
    assert heard == [(0x10000, 0x4000, True), (0x11000, 0x1000, False)]
    assert spans(stage2) == [(0x10000, 0x90000, 0x1000), (0x12000, 0x92000, 0x2000)]
    assert (stage2.at(0x11FFF), stage2.at(0x12000).host) == (None, 0x92000)


def test_arm_replaces_and_x86_refuses():
    for arm in (True, False):
        stage2 = Stage2(arm)
        stage2.map(Mapping(0x10000, 0x90000, 0x2000, 8, 0))
        stage2.map(Mapping(0x11000, 0x91000, 0x1000, 8, 0))
        if arm:
            stage2.map(Mapping(0x11000, 0x50000, 0x1000, 16, 0))
            assert spans(stage2) == [(0x10000, 0x90000, 0x1000), (0x11000, 0x50000, 0x1000)]
        else:
            with pytest.raises(MapError):
                stage2.map(Mapping(0x11000, 0x50000, 0x1000, 16, 0))


def test_x86_unmaps_nothing_that_is_not_there():
    Stage2().unmap(0x10000, 0x1000)
    with pytest.raises(MapError) as caught:
        Stage2(arm=False).unmap(0x10000, 0x1000)
    assert caught.value.errno == -22
