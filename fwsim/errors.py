"""What fwsim says when it cannot go on: one exception type that carries the facts of the failure."""


class FwsimError(Exception):
    """Bad input or a failed precondition, told so that the user can act on it.

    ``what`` is the failure in one sentence; ``where`` the file, field or offset; ``found`` the value met there;
    ``expected`` what would have been right; ``hint`` the user's next step. The command line prints these and exits 2.
    """

    def __init__(self, what: str, *, where: str = "", found: str = "", expected: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.found = found
        self.expected = expected
        self.hint = hint

    def __str__(self) -> str:
        parts = [f"{self.where}: {self.what}" if self.where else self.what]
        for label, text in (("found", self.found), ("expected", self.expected), ("next", self.hint)):
            if text:
                parts.append(f"  {label}: {text}")
        return "\n".join(parts)
