"""What the pages' tests share in one session: the demo's runs, and a browser."""

import pytest
from browser import chromium

from fwsim.demo.igd import demo
from fwsim.results.folder import RunDir


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """The demo's folder, to be read only."""
    folder = tmp_path_factory.mktemp("report") / "demo"
    demo(RunDir.create(folder))
    return folder


@pytest.fixture(scope="session")
def shared_browser(require_program):
    pytest.importorskip("selenium")
    with chromium(require_program("chromium", "chromium"), require_program("chromedriver", "chromium-driver")) as made:
        yield made


@pytest.fixture
def browser(shared_browser):
    """The session's Chromium; its window and its media are as at the start again afterwards."""
    size = shared_browser.get_window_size()
    yield shared_browser
    shared_browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    shared_browser.set_window_size(size["width"], size["height"])
