"""TEMP."""
class Smmu:
    def __init__(self, style: str) -> None:
        self.faults, self.lines = 0, []
    def fault(self, now: int, stream: int, address: int, write: bool) -> None:
        self.faults += 1
        self.lines.append(f"fault {stream:x} {address:x}")
    def snapshot(self): return self.faults, list(self.lines)
    def restore(self, s): self.faults, self.lines = s[0], list(s[1])
