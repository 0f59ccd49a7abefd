"""IOMMU groups: what is on the host's buses, which functions Linux keeps together, and who may open a group."""
