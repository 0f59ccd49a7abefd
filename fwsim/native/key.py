"""What machine code is kept under: a hash of the code of the file that holds a function and of all that it imports.

Comments, docstrings and blank lines are no code, so none of them costs a compilation. Files outside the package
(numpy, numba) do not count; numba's version is part of a kept function's name (``native.cache``).
"""

import ast
import hashlib
import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path

import fwsim

Stamp = tuple[int, int, int]
"""When a file's content and its entry last changed (nanoseconds), and its size in bytes: another one, another file."""


class Sources:
    """The package's files, as machine code depends on them.

    ``package`` is the folder of the package and ``folder`` the place of an index, which says what each file held when
    it was last read: a start reads no source that did not change. A folder that cannot be written makes each start
    read them.
    """

    def __init__(self, package: Path, folder: Path, started: int = fwsim.STARTED) -> None:
        self.package = package
        self._name = package.name
        self.started = started
        self._index = folder / "sources.json"
        self._files: dict[str, tuple[Stamp, str, list[str]]] = {}
        self._current: set[str] = set()
        self._changed = False
        self._folders: dict[str, set[str]] = {}
        with suppress(OSError, ValueError, TypeError, AttributeError):  # none, or none of ours
            self._files = {
                path: ((stamp[0], stamp[1], stamp[2]), code, imported)
                for path, (stamp, code, imported) in json.loads(self._index.read_text()).items()
            }

    def key(self, module: str) -> str | None:
        """A short hash of the code of ``module`` and of what it imports, directly or not, from its own package.

        None for a module of another package, and where a file has changed since this process began: what was imported
        may then be another text than what would be hashed.
        """
        codes: dict[str, str] = {}
        wanted, seen = {module}, set[str]()
        while wanted:
            name = wanted.pop()
            seen.add(name)
            path = self._path(name)
            if path is None:
                continue
            found = self._read(path)
            if found is None:
                return None
            codes[path], imported = found
            wanted.update(imported)
            wanted.add(name.rpartition(".")[0])  # a package's own file runs before its modules do
            wanted -= seen
        if self._changed:
            write_whole(self._index, json.dumps(self._files).encode())
            self._changed = False
        return _digest(repr(sorted(codes.items())))[:16] if codes else None

    def _path(self, module: str) -> str | None:
        """The file of a module, relative to the package's folder; None for another package's, and for no module."""
        package, *parts = module.split(".")
        if package != self._name:
            return None
        folder = os.path.join(*parts[:-1]) if parts[:-1] else ""
        if parts and f"{parts[-1]}.py" in self._names(folder):
            return os.path.join(folder, f"{parts[-1]}.py")
        if parts and parts[-1] not in self._names(folder):
            return None
        path = os.path.join(folder, *parts[-1:], "__init__.py")
        return path if "__init__.py" in self._names(os.path.dirname(path)) else None

    def _names(self, folder: str) -> set[str]:
        if folder not in self._folders:
            try:
                self._folders[folder] = set(os.listdir(self.package / folder))
            except OSError:  # not there, or a file
                self._folders[folder] = set()
        return self._folders[folder]

    def _read(self, path: str) -> tuple[str, list[str]] | None:
        """The hash of a file's code, and the modules it imports; None where it changed since the process began."""
        file = os.path.join(self.package, path)
        if path not in self._current:
            stamp = _stamp(file)
            if stamp[1] > self.started:
                return None
            if path not in self._files or self._files[path][0] != stamp:
                with open(file, "rb") as source:
                    text = source.read()
                if _stamp(file) != stamp:
                    return None
                try:
                    tree = ast.parse(text)
                except SyntaxError:  # whoever imports it says so
                    return None
                self._files[path] = (stamp, _code_of(tree), _imported(tree))
                self._changed = True
            self._current.add(path)
        return self._files[path][1:]


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that others read meanwhile: they see the old one or the whole new one. Silent where it cannot be."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            try:
                file.write(data)
                file.close()
                os.replace(file.name, path)
            except OSError:
                os.unlink(file.name)
                raise


def _stamp(file: str) -> Stamp:
    status = os.stat(file)
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size


def _code_of(tree: ast.Module) -> str:
    """The hash of a file's code: of its syntax tree without line numbers and docstrings."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):  # a text by itself is no code, be it a docstring or one behind a constant
            node.body = [each for each in body if not _is_text(each)]  # type: ignore[attr-defined]
    return _digest(ast.dump(tree))


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _imported(tree: ast.Module) -> list[str]:
    """What a file imports anywhere, but for what only a type checker sees; names of a module count as modules here."""
    found: set[str] = set()
    nodes: list[ast.AST] = [tree]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            nodes += node.orelse
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        else:
            nodes += ast.iter_child_nodes(node)
    return sorted(found)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
