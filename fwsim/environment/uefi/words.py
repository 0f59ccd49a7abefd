"""UEFI's words: GUIDs as 16 bytes, the status codes that are answered, and memory types.

Sources: UEFI Specification 2.10, 7.2 (memory types), appendix D (status codes); the protocols' own sections for their
GUIDs.
"""

from __future__ import annotations

from uuid import UUID

from fwsim.trace.efi import ERROR, TABLES

SUCCESS = 0
INVALID_PARAMETER, UNSUPPORTED = ERROR | 2, ERROR | 3
BUFFER_TOO_SMALL, NOT_READY, OUT_OF_RESOURCES = ERROR | 5, ERROR | 6, ERROR | 9
LOAD_ERROR, WRITE_PROTECTED, TIMEOUT = ERROR | 1, ERROR | 8, ERROR | 18
NOT_FOUND, ACCESS_DENIED, ALREADY_STARTED = ERROR | 14, ERROR | 15, ERROR | 20


def guid(text: str) -> bytes:
    """A GUID as memory has it."""
    return UUID(text).bytes_le


BOOT, RUNTIME = TABLES["BootServices"], TABLES["RuntimeServices"]
MEMORY_TYPES = (
    "Reserved", "LoaderCode", "LoaderData", "BSCode", "BSData", "RTCode", "RTData", "Free", "Unusable", "ACPIReclaim",
    "NVS", "MMIO", "MMIOPort", "PalCode", "Persistent",
)  # fmt: skip
"""EFI_MEMORY_TYPE by number, the names as ``firmware.ovmf`` has the bins."""
APPLICATION, CALLBACK, NOTIFY, HIGH = 4, 8, 16, 31
LEVELS = {APPLICATION: "APPLICATION", CALLBACK: "CALLBACK", NOTIFY: "NOTIFY", HIGH: "HIGH_LEVEL"}
"""Task priority levels and their names (UEFI 2.10, 7.1)."""
_UP_TO = {
    APPLICATION: ("ExitBootServices", "WaitForEvent"),
    CALLBACK: ("LoadImage", "StartImage", "Exit", "UnloadImage"),
    NOTIFY: (
        "AllocatePages", "FreePages", "GetMemoryMap", "AllocatePool", "FreePool", "InstallProtocolInterface",
        "ReinstallProtocolInterface", "UninstallProtocolInterface", "HandleProtocol", "RegisterProtocolNotify",
        "LocateHandle", "LocateDevicePath", "InstallConfigurationTable", "ConnectController", "DisconnectController",
        "OpenProtocol", "CloseProtocol", "OpenProtocolInformation", "ProtocolsPerHandle", "LocateHandleBuffer",
        "LocateProtocol", "InstallMultipleProtocolInterfaces", "UninstallMultipleProtocolInterfaces",
    ),
}  # fmt: skip
HIGHEST = {f"BootServices.{name}": level for level, names in _UP_TO.items() for name in names} | {
    f"RuntimeServices.{name}": CALLBACK
    for name in ("GetTime", "SetTime", "GetVariable", "GetNextVariableName", "SetVariable")
}
"""The highest level at which a service may be called (UEFI 2.10, table 7.3: TPL restrictions)."""

LOADED_IMAGE = guid("5b1b31a1-9562-11d2-8e3f-00a0c969723b")
DEVICE_PATH = guid("09576e91-6d3f-11d2-8e39-00a0c969723b")
DRIVER_BINDING = guid("18a031ab-b443-4d1a-a5c0-0c09261e9f71")
DRIVER_FAMILY_OVERRIDE = guid("b1ee129e-da36-4181-91f8-04a4923766a7")
BUS_SPECIFIC_OVERRIDE = guid("3bc1b285-8a15-4a82-aabf-4d7d13fb3265")
COMPONENT_NAME2 = guid("6a7a5cff-e8d9-4f70-bada-75ab3025ce14")
PCI_IO = guid("4cf5b200-68b8-4ca5-9eec-b23e3f50029a")
PCI_ROOT_BRIDGE_IO = guid("2f707ebb-4a1a-11d4-9a38-0090273fc14d")
GRAPHICS_OUTPUT = guid("9042a9de-23dc-4a38-96fb-7aded080516a")
EDID_DISCOVERED = guid("1c0c34f6-d380-41fa-a049-8ad06c1a66aa")
EDID_ACTIVE = guid("bd8c1056-9f36-44ec-92a8-a6337f817986")
EDID_OVERRIDE = guid("48ecb431-fb72-45c0-a922-f458fe040bd5")
PLATFORM_GOP_POLICY = guid("ec2e931b-3281-48a5-8107-df8a8bed3c5d")
