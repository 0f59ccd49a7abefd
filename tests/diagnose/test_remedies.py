import re
from pathlib import Path

import pytest
from configurations import PROXMOX, one

from fwsim.diagnose import run
from fwsim.diagnose.messages.table import ROWS
from fwsim.diagnose.remedies import REMEDIES, remedy
from fwsim.diagnose.vm.proxmox import HOSTPCI
from fwsim.diagnose.vm.qemu_names import VFIO
from fwsim.diagnose.vm.xml_tree import parse

TOOLS = ("qemu", "proxmox", "libvirt", "xl", "bhyve", "crosvm", "acrn")


@pytest.mark.parametrize("key", REMEDIES)
def test_each_tool_is_told_something(key):
    for tool in TOOLS:
        text = remedy(key, tool)
        assert text
        assert "{" not in text.replace("${", "")
    assert any(remedy(key, tool) != f"{tool} has no option for this" for tool in TOOLS)


def test_every_key_that_is_asked_for_is_there():
    asked = {row.remedy for row in ROWS.values() if row.remedy} | set(run.REMEDIES.values())
    for file in Path(run.__file__).parent.glob("*.py"):
        asked |= set(re.findall(r'remedy\("([a-z0-9-]+)"', file.read_text()))
    assert asked <= set(REMEDIES)


def test_a_tool_without_such_an_option_is_told_so():
    assert remedy("gms", "bhyve") == "bhyve has no option for this"
    assert remedy("gfx-passthru", "proxmox") == "Proxmox VE has no option for this"
    assert remedy("", "qemu") == ""


def test_hostpci_lines_have_proxmoxs_own_keys():
    """qemu-server src/PVE/QemuServer/PCI.pm, $hostpci_fmt."""
    lines = [text for key in REMEDIES for text in re.findall(r"hostpci\d: (\S+)", remedy(key, "proxmox"))]
    assert len(lines) > 5
    for line in lines:
        host, *pieces = line.rstrip(";:)").split(",")
        assert host in ("0000:00:02.0",)
        assert {piece.partition("=")[0] for piece in pieces if piece} <= set(HOSTPCI)


def test_properties_are_vfio_pcis_own():
    for key in REMEDIES:
        for tool in ("qemu", "proxmox", "libvirt"):
            text = remedy(key, tool)
            names = re.findall(r"(x-[a-z-]+)=", text) + re.findall(r"property name='([\w-]+)'", text)
            assert set(names) <= VFIO


def test_what_is_pasted_into_xml_is_xml():
    for key in REMEDIES:
        for part in re.findall(r"<qemu:override>.*?</qemu:override>", remedy(key, "libvirt"), re.DOTALL):
            if "..." not in part:
                assert parse(part, "remedy").tag == "qemu:override"


def test_the_remedy_put_in_mends_the_configuration():
    """What is said for Proxmox and QEMU is read back by the readers as what was meant."""
    text = re.search(r"args: .*?-set \S+", remedy("gms", "proxmox"))[0]
    assert one(PROXMOX.replace("args: -set device.hostpci0.x-igd-gms=0x2", text)).value("x-igd-gms") == 2
    plain = "hostpci0: 0000:00:02.0\nostype: l26\n"
    line = re.search(r"hostpci0: \S+", remedy("slot", "proxmox"))[0]
    assert one(plain).value("slot") != "00:02.0"
    assert one(plain.replace("hostpci0: 0000:00:02.0", line)).value("slot") == "00:02.0"


def test_ids_are_the_vms_own():
    vm = one(PROXMOX, "117.conf")
    assert "/etc/pve/qemu-server/117.conf" in remedy("gms", "proxmox", vm)
    assert "device.hostpci0." in remedy("gms", "proxmox", vm)
    assert "VMID.conf" in remedy("gms", "proxmox")
