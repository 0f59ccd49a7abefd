"""UEFI's services have a number each, that an event in space ``efi`` has as its address, and statuses have names.

A number is the table's, from 1, times 256, plus the service's place in it. Sources: UEFI Specification 2.10, 4.4 and
4.5 (boot and runtime services), 12.4 (text output), 14.2 and 14.4 (PCI), appendix D (statuses); VfioIgdPkg for the
policy.
"""

ERROR = 1 << 63
STATUSES = {
    "LOAD_ERROR": 1, "INVALID_PARAMETER": 2, "UNSUPPORTED": 3, "BAD_BUFFER_SIZE": 4, "BUFFER_TOO_SMALL": 5,
    "NOT_READY": 6, "DEVICE_ERROR": 7, "WRITE_PROTECTED": 8, "OUT_OF_RESOURCES": 9, "VOLUME_CORRUPTED": 10,
    "NOT_FOUND": 14, "ACCESS_DENIED": 15, "NO_RESPONSE": 16, "NO_MAPPING": 17, "TIMEOUT": 18, "NOT_STARTED": 19,
    "ALREADY_STARTED": 20, "ABORTED": 21, "ICMP_ERROR": 22, "TFTP_ERROR": 23, "PROTOCOL_ERROR": 24,
    "INCOMPATIBLE_VERSION": 25, "SECURITY_VIOLATION": 26, "CRC_ERROR": 27,
}  # fmt: skip
_STATUS_NAMES = {code: name for name, code in STATUSES.items()}
_ACCESSES = (
    "PollMem", "PollIo", "Mem.Read", "Mem.Write", "Io.Read", "Io.Write", "Pci.Read", "Pci.Write", "CopyMem", "Map",
    "Unmap", "AllocateBuffer", "FreeBuffer", "Flush",
)  # fmt: skip
_PCD = ("8", "16", "32", "64", "Ptr", "Bool")
TABLES: dict[str, tuple[str, ...]] = {
    "BootServices": (
        "RaiseTPL", "RestoreTPL", "AllocatePages", "FreePages", "GetMemoryMap", "AllocatePool", "FreePool",
        "CreateEvent", "SetTimer", "WaitForEvent", "SignalEvent", "CloseEvent", "CheckEvent",
        "InstallProtocolInterface", "ReinstallProtocolInterface", "UninstallProtocolInterface", "HandleProtocol",
        "Reserved", "RegisterProtocolNotify", "LocateHandle", "LocateDevicePath", "InstallConfigurationTable",
        "LoadImage", "StartImage", "Exit", "UnloadImage", "ExitBootServices", "GetNextMonotonicCount", "Stall",
        "SetWatchdogTimer", "ConnectController", "DisconnectController", "OpenProtocol", "CloseProtocol",
        "OpenProtocolInformation", "ProtocolsPerHandle", "LocateHandleBuffer", "LocateProtocol",
        "InstallMultipleProtocolInterfaces", "UninstallMultipleProtocolInterfaces", "CalculateCrc32", "CopyMem",
        "SetMem", "CreateEventEx",
    ),
    "RuntimeServices": (
        "GetTime", "SetTime", "GetWakeupTime", "SetWakeupTime", "SetVirtualAddressMap", "ConvertPointer",
        "GetVariable", "GetNextVariableName", "SetVariable", "GetNextHighMonotonicCount", "ResetSystem",
        "UpdateCapsule", "QueryCapsuleCapabilities", "QueryVariableInfo",
    ),
    "ConOut": (
        "Reset", "OutputString", "TestString", "QueryMode", "SetMode", "SetAttribute", "ClearScreen",
        "SetCursorPosition", "EnableCursor",
    ),
    "PciIo": (*_ACCESSES, "GetLocation", "Attributes", "GetBarAttributes", "SetBarAttributes"),
    "PciRootBridgeIo": (*_ACCESSES, "GetAttributes", "SetAttributes", "Configuration"),
    "PlatformGopPolicy": ("GetPlatformLidStatus", "GetVbtData", "GetPlatformDockStatus"),
    "Pcd": (
        "SetSku", *(f"Get{each}" for each in _PCD), "GetSize", *(f"Get{each}Ex" for each in _PCD), "GetSizeEx",
        *(f"Set{each}" for each in _PCD), *(f"Set{each}Ex" for each in _PCD), "CallbackOnSet", "CancelCallback",
        "GetNextToken", "GetNextTokenSpace",
    ),
}  # fmt: skip
"""Each table's services in the order that its structure has; another table is added below, for numbers stay."""
_NUMBERS = {
    f"{table}.{name}": number << 8 | place
    for number, (table, names) in enumerate(TABLES.items(), 1)
    for place, name in enumerate(names)
}
_SERVICES = {number: name for name, number in _NUMBERS.items()}
_BARE = ("BootServices.", "RuntimeServices.")
STALL = _NUMBERS["BootServices.Stall"]
_LEVELS = ("RaiseTPL", "RestoreTPL")


def number_of(service: str) -> int:
    """The number of "BootServices.Stall"; 0 of a service that no table has."""
    return _NUMBERS.get(service, 0)


def service_name(number: int) -> str:
    """``Stall``, ``PciIo.Mem.Read``: boot and runtime services without their table's name."""
    name = _SERVICES.get(number, f"service {number:#x}")
    return next((name.removeprefix(table) for table in _BARE if name.startswith(table)), name)


def is_access(number: int) -> bool:
    """Whether the service reaches a device on the caller's behalf: an event of that access is there as well."""
    return service_name(number).endswith((".Read", ".Write"))


def answer_text(number: int, value: int) -> str:
    """What a service answered: a status by name, RaiseTPL's level as a number."""
    return f"{value:#x}" if service_name(number) in _LEVELS else status_name(value)


def status_name(status: int) -> str:
    """A status as the specification spells it: SUCCESS, NOT_FOUND, ...; a number where it has no name."""
    if not status:
        return "SUCCESS"
    if not status & ERROR:
        return f"warning {status}"
    return _STATUS_NAMES.get(status & ~ERROR, f"{status:#x}")
