"""Who stands between guest and device? vfio and QEMU by version, the ranged trap layer."""
