class OvmfBoots:
    uefi=True
