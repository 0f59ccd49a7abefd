"""An access that the kernel refused QEMU: strerror's words, their errno, and what vfio means by it.

Sources: Linux drivers/vfio/pci/vfio_pci_rdwr.c (vfio_pci_bar_rw: the BAR is requested and mapped at its first access;
since 5.8 refused with EIO while memory decoding is off), drivers/gpu/drm/i915/gvt/kvmgt.c (intel_vgpu_rw), musl's
errno.h for its words.
"""

from __future__ import annotations

import errno
import os

_OWN_WORDS = {"Out of memory": errno.ENOMEM, "I/O error": errno.EIO, "Resource busy": errno.EBUSY}
"""musl's, where glibc has others."""
_BY_WORDS = {os.strerror(code): code for code in errno.errorcode} | _OWN_WORDS

_MEANS = {
    errno.EFAULT: "a mediated device (GVT-g) does not emulate it, or QEMU's buffer was refused",
    errno.ENOMEM: "the kernel could not map the BAR: decoding is off, or the device is in D3",
    errno.EIO: "memory decoding is off, or the device is in D3",
    errno.EBUSY: "another driver of the host holds the BAR",
    errno.EINVAL: "it lies outside the region, or the region cannot be written",
    errno.ENODEV: "the device is gone",
}
_FRAMEBUFFER = "the host's framebuffer holds the BAR (efifb, simplefb, vesafb, BOOTFB in /proc/iomem)"


def errno_of(words: str) -> int:
    """The errno that strerror has these words for, whatever stands after them; 0 for words of no errno."""
    text = words.strip().rstrip(".")
    return _BY_WORDS.get(text) or next((code for known, code in _BY_WORDS.items() if text.startswith(known)), 0)


def meaning(code: int, region: int = -1) -> str:
    """``EBUSY: what that says``. Region 2 is an IGD's aperture, where a host's framebuffer is."""
    name = errno.errorcode.get(code, "an unknown error")
    if code == errno.EBUSY and region == 2:
        return f"{name}: {_FRAMEBUFFER}"
    return f"{name}: {_MEANS[code]}" if code in _MEANS else name
