"""Every family of real images POSTs under the list that ``needs`` made of it, and not with a needed row taken out.

Needs the images of roms/catalog.toml under $FWSIM_ROMS.
"""

import re

import pytest

from fwsim.analysis.compare import compare
from fwsim.analysis.needs import needs_of
from fwsim.report.mirror_page import CALLS
from fwsim.report.mirror_toml import mirror_toml
from fwsim.results.folder import RunDir
from fwsim.rom.catalog import catalog
from fwsim.running.pipeline import run
from fwsim.scenario.model import Budget, Call, Firmware, Guest, Host, Hypervisor, Rom, Scenario

KNOWN = {each.name: each for each in catalog()}
POSTED = {"skl_1046.rom": 0xA8000000, "apl_1014.rom": 0x7C000000, "crl_1668.bin": 0xBF800000}
"""Images with a base inside, and that base: the host has it there, and so must the guest."""
TAKEN_OUT = {
    "crl_1436.bin": "GCFGC", "crl_1668.bin": "GMCH_CTRL", "snm_2120.dat": "BDSM+2", "snm_2170.dat": "BDSM+2",
    "hsw2180.dat": "BDSM+2", "Vga.dat": "CZCLK_CDCLK_FREQ_RATIO", "chv_1014.bin": "IOSF_DOORBELL_REQ",
    "skl_1046.rom": "VGACNTRL", "skl_1062.rom": "BDSM+2", "apl_1014.rom": "CDCLK_CTL", "cfl_1014.rom": "GMBUS3",
}  # fmt: skip
"""A row of each image's list without which it shows no such picture, by the name of its first register."""


def scenario(path, known, kind, mirror="", identity=False) -> Scenario:
    base = POSTED.get(known.name)
    host = Host(cpu=known.cpu) if base is None else Host(cpu=known.cpu, bdsm=base)
    return Scenario(
        host=host, hypervisor=Hypervisor(kind=kind, mirror=mirror),
        rom=Rom(file=str(path), checksum="ignore", any_device=True),
        firmware=Firmware(kind="host-base" if identity else "seabios"), guest=Guest(ram=3584 << 20),
        budget=Budget(code=64 << 20),
        call=tuple(Call(ax=ax, bx=bx, cx=cx) for ax, bx, cx in CALLS),
    )  # fmt: skip


def executed(folder, made):
    out = RunDir.create(folder)
    out.write_scenario(made)
    summary = run(made, out)
    return out, summary, [(out.path / each.file).read_bytes() for each in summary.display]


@pytest.mark.parametrize("name", TAKEN_OUT)
def test_an_image_posts_under_its_list_and_not_without_a_row_of_it(real_rom, tmp_path, name):
    known = KNOWN[name]
    path = real_rom(name, known.sha256)
    on_host, host, pictures = executed(tmp_path / "host", scenario(path, known, "none"))
    needs = needs_of(on_host)
    assert (needs.bdsm == "identity") == (name in POSTED)
    text, mirror = mirror_toml(needs), tmp_path / "m.toml"
    mirror.write_text(text)
    made = scenario(path, known, "custom", str(mirror), name in POSTED)
    _, guest, seen = executed(tmp_path / "guest", made)
    assert guest.stop.reason == host.stop.reason == "completed"
    assert [call.ok for call in guest.calls] == [call.ok for call in host.calls] == [True] * len(CALLS)
    assert seen == pictures
    assert guest.iommu.faults == 0
    if known.cpu != "965" or name not in POSTED:  # EVE's firmware, which places at the host's base, knows gens 6 to 12
        assert guest.gtt.targets.host_stolen == guest.gtt.targets.guest_ram == 0

    cut = re.sub(rf'    {{[^}}]*name = "{re.escape(TAKEN_OUT[name])}" }},\n', "", text)
    assert cut != text
    mirror.write_text(cut)
    _, without, shown = executed(tmp_path / "cut", made)
    assert (without.stop.reason, shown) != ("completed", pictures)
    missing = compare(on_host, needs, f"custom:{mirror}").too_little
    assert [each.name for each in missing] == [TAKEN_OUT[name]]
