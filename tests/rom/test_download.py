"""Getting a known ROM: from a server on loopback, verified, kept, refused."""

import hashlib
import http.server
import threading

import pytest
from msgspec.structs import replace

from fwsim.errors import FwsimError
from fwsim.rom import catalog as book
from fwsim.rom import download

pytest.importorskip("pooch")

IMAGE = b"\x55\xaa\x01" + bytes(509)


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves ``files`` by path and counts what was asked for."""

    def do_GET(self):
        self.server.asked.append(self.path)
        body = self.server.files.get(self.path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *arguments):
        """Nothing on the terminal."""


@pytest.fixture
def server():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.files, server.asked = {"/a.rom": IMAGE}, []
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch, tmp_path):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def entry(server):
    first = book.catalog()[0]
    digest = hashlib.sha256(IMAGE).hexdigest()
    return replace(first, name="a.rom", sha256=digest, size=len(IMAGE), url=f"{server.url}/a.rom")


def test_it_comes_and_is_kept(server, entry, tmp_path):
    path = download.get(entry, tmp_path / "roms")
    assert path == tmp_path / "roms" / "a.rom"
    assert path.read_bytes() == IMAGE
    assert download.get(entry, tmp_path / "roms") == path
    assert server.asked == ["/a.rom"], "the second time nothing is asked for"


def test_the_cache_is_the_default(entry, tmp_path):
    assert download.get(entry) == tmp_path / "cache" / "fwsim" / "roms" / "a.rom"


def test_another_file_is_refused(server, entry, tmp_path):
    server.files["/a.rom"] = IMAGE[:-1] + b"\1"
    with pytest.raises(FwsimError, match="another file; it was not kept") as caught:
        download.get(entry, tmp_path)
    assert entry.sha256 in caught.value.expected
    assert hashlib.sha256(server.files["/a.rom"]).hexdigest() in caught.value.found
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_an_own_file_of_that_name_is_left_alone(server, entry, tmp_path):
    (tmp_path / "a.rom").write_bytes(b"mine")
    with pytest.raises(FwsimError, match="another file of this name"):
        download.get(entry, tmp_path)
    assert (tmp_path / "a.rom").read_bytes() == b"mine"
    assert server.asked == []


def test_a_missing_page_and_a_missing_server(server, entry, tmp_path):
    with pytest.raises(FwsimError, match="does not give this ROM") as caught:
        download.get(replace(entry, url=f"{server.url}/gone.rom"), tmp_path)
    assert "404" in caught.value.found
    server.shutdown()
    server.server_close()
    with pytest.raises(FwsimError, match="cannot be reached") as caught:
        download.get(entry, tmp_path)
    assert "refused" in caught.value.found
    assert "FWSIM_ROMS" in caught.value.hint


def test_a_folder_that_cannot_be(entry, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FwsimError, match=r"cannot be (written|read)") as caught:
        download.get(entry, tmp_path / "file")
    assert "file" in caught.value.where


def test_names_and_prefixes(monkeypatch, entry):
    monkeypatch.setattr(book, "catalog", lambda: (entry,))
    assert book.named("a.rom") is entry
    assert book.named(entry.sha256[:8].upper()) is entry
    for name in ("b.rom", entry.sha256[:5], ""):
        with pytest.raises(FwsimError, match="not in the ROM catalogue"):
            book.named(name)


def test_every_address_is_a_commit_of_github():
    for known in book.catalog():
        host, owner, name, commit, path = known.url.removeprefix("https://").split("/", 4)
        assert host == "raw.githubusercontent.com"
        assert known.repository == f"https://github.com/{owner}/{name}"
        assert len(bytes.fromhex(commit)) == 20
        assert path == known.path
