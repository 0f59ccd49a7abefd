"""Xen's vPCI: configuration space that the hypervisor itself answers, BARs in stage 2, and where the guest sees it all.

``host`` has what the host's functions are, ``rules`` how the guest's are shown, ``function`` the registers of one of
them, ``stage2`` the mappings, ``topology`` the guest's bus. Facts: Xen at c447b7308b, xen/drivers/vpci, xen/arch/arm.
"""
