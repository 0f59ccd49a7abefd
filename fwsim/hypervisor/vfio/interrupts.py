"""vfio-pci masks the pin as soon as it fires, unmasks it at the guest's end of interrupt, and wants its line alone.

The first two are ``fwsim.hypervisor.interrupts.MaskedLine``'s.

Sources: Linux drivers/vfio/pci/vfio_pci_intrs.c. vfio_intx_handler masks by DisINTx in the command register where the
device has it (pci_check_and_mask_intx), else by disable_irq_nosync, and signals the eventfd. The eventfd of KVM's
resampling irqfd, written at the guest's end of interrupt (arch/x86/kvm/i8259.c, pic_clear_isr; ioapic.c,
kvm_ioapic_update_eoi_one), takes the guest's line back and unmasks: vfio_pci_intx_unmask_handler, which fires again
where the device still asks. vfio_intx_enable asks for IRQF_SHARED only where the device has DisINTx
(pci_intx_mask_supported, drivers/vfio/pci/vfio_pci_core.c), so that request_irq refuses a line with another handler:
kernel/irq/manage.c, __setup_irq, mismatch. QEMU hw/vfio/helpers.c (vfio_set_irq_signaling) for its words, those from
4.1 on.

Not modelled: QEMU without resampling irqfds, where an access to a BAR counts as the end (hw/vfio/pci.c,
vfio_intx_eoi), and the BARs are trapped until 1.1 s have passed (intx.mmap_timeout).
"""

from __future__ import annotations

from fwsim.hypervisor.interface import Assignment, Device

_HOST_LINE = 16
"""The IGD's INTA on a host: PIRQA, pin 16 of its I/O APIC (Intel 6 Series PCH data sheet, 10.1)."""
_BUSY = "VFIO_DEVICE_SET_IRQS failure: Device or resource busy"


def refused(given: Assignment, device: Device) -> Assignment:
    """``given``, with QEMU's error where the kernel refuses the pin's interrupt and nothing went wrong before.

    Without DisINTx the handler must have the line for itself. The host's kernel logs it too (IRQF_SHARED is 80h).
    """
    if given.error or device.disintx or not device.intx_shared:
        return given
    given.error = f"vfio 0000:00:02.0: Failed to set up TRIGGER eventfd signaling for interrupt INTX-0: {_BUSY}"
    given.error_field = "host.disintx"
    given.error_expected = "an interrupt disable that works (DisINTx), or a line that no other driver has"
    given.error_hint = f"unbind {device.intx_shared} from its device on the host, or move one of them to another line"
    given.messages += [
        f"error: {given.error}",
        f"info: host: genirq: Flags mismatch irq {_HOST_LINE}. 00000000 (vfio-intx(0000:00:02.0)) vs. 00000080 "
        f"({device.intx_shared})",
    ]
    return given
