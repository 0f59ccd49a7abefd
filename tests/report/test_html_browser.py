"""The page in a headless Chromium: no error, the right path highlighted, all of it by keyboard."""

import json
import re

import pytest
from test_html import hostile, many_events

from fwsim.report.html.page import render
from fwsim.results.folder import RunDir


@pytest.fixture
def visit(browser, tmp_path):
    def go(*folders):
        file = tmp_path / "page.html"
        file.write_text(render([RunDir.open(folder) for folder in folders]), encoding="utf-8")
        browser.get(file.as_uri())
        assert browser.get_log("browser") == []
        return browser

    return go


def find(browser, css):
    return browser.find_element("css selector", css)


def keys(browser, css, *names):
    element = find(browser, css)
    browser.execute_script("arguments[0].focus()", element)
    for name in names:
        for kind in ("keydown", "keyup"):
            browser.execute_script(
                "document.activeElement.dispatchEvent("
                "new KeyboardEvent(arguments[0], {key: arguments[1], bubbles: true}))",
                kind, name,
            )  # fmt: skip
    return element


def shown(browser, run):
    route = find(browser, f".map[data-run='{run}'] svg.wide .route")
    return {name: route.get_attribute(f"data-{name}") for name in ("kind", "mapped", "page")}


def numbers(browser):
    """The first and the last event of the timeline's window."""
    found = re.match(r"Events (\S+) to (\S+)\.", find(browser, ".window").text)
    return [int(number.replace(",", "")) for number in found.groups()]


def test_the_path_of_an_entry_is_the_runs(visit, runs):
    browser = visit(runs / "qemu-10.0", runs / "ranged")
    first = [
        json.loads((runs / name / "summary.json").read_text())["gtt"]["first"]["written"]
        for name in ("qemu-10.0", "ranged")
    ]
    assert shown(browser, 0) == {"kind": "host_stolen", "mapped": "0", "page": hex(first[0] & ~0xFFF)}
    assert shown(browser, 1) == {"kind": "guest_stolen", "mapped": "1", "page": hex(first[1] & ~0xFFF)}
    assert find(browser, ".map[data-run='0'] svg.wide .route text").text == "✕"
    keys(browser, ".map[data-run='0'] svg.wide .pick", "ArrowUp", "ArrowUp", "PageUp", "ArrowDown")
    assert shown(browser, 0)["page"] == hex((first[0] & ~0xFFF) + 17 * 4096)
    assert "Entry 0x11 " in find(browser, ".map[data-run='0'] .entry").text
    keys(browser, ".map[data-run='1'] svg.wide .pick", "End")
    assert shown(browser, 1)["page"] == hex((first[1] & ~0xFFF) + 254 * 4096)


def test_pointing_at_the_table_moves_along_it(visit, runs):
    from selenium.webdriver import ActionChains

    browser = visit(runs / "qemu-10.0")
    pick = find(browser, "svg.wide .pick")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", pick)
    ActionChains(browser).move_to_element(pick).perform()
    page = int(shown(browser, 0)["page"], 16)
    assert abs((page - 0xDBA00000) // 4096 - 127) <= 2
    end = browser.execute_script(
        "const p = document.querySelector('svg.wide .route .lost'), b = p.getBBox(), r = document.querySelector("
        "'svg.wide .box.host-stolen').getBBox(); return [b.y, r.y, r.y + r.height, b.x + b.width, r.x, r.x + r.width]"
    )
    assert end[1] <= end[0] <= end[2]
    assert end[4] <= end[3] <= end[5]


def test_an_entry_is_found_by_its_number(visit, runs):
    browser = visit(runs / "ranged")
    field = find(browser, ".goto input")
    field.clear()
    field.send_keys("0x20\t")
    assert shown(browser, 0)["page"] == "0x7cf20000"


def test_tab_reaches_all_and_focus_shows(visit, runs):
    from selenium.webdriver.common.keys import Keys

    browser = visit(runs / "qemu-10.0")
    seen = set()
    for _ in range(60):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        element = browser.switch_to.active_element
        seen.add(element.get_attribute("class") or element.tag_name)
        if element.get_attribute("class") in ("pick", "lanes"):
            assert element.value_of_css_property("outline-style") == "solid"
    assert {"pick", "lanes", "events", "skip", "button", "input", "select", "summary"} <= seen


def test_the_timeline_zooms_by_keyboard_and_by_button(visit, runs):
    browser = visit(runs / "qemu-10.0")
    window = ".time .window"
    assert find(browser, window).text.startswith("Events 1 to 1,932.")
    keys(browser, ".lanes", "+", "+", "ArrowLeft")
    low, high = numbers(browser)
    assert abs(high - low - 1932 / 4) < 3
    lines = browser.execute_script("return document.querySelector('.events').textContent")
    assert f"{low:>8}" in lines or high - low > 400
    keys(browser, ".lanes", "0")
    find(browser, "[data-do=in]").click()
    assert not find(browser, window).text.startswith("Events 1 to")
    find(browser, "select").send_keys("virtual time")
    assert find(browser, window).text.startswith("0.000 ms to 34.7")


def test_hostile_names_do_nothing(visit, runs, tmp_path):
    import shutil

    folder = shutil.copytree(runs / "qemu-10.0", tmp_path / "hostile")
    hostile(folder)
    browser = visit(folder)
    assert "alert(1)" in find(browser, "h1").text
    assert browser.execute_script("return document.images.length") == 1


@pytest.mark.parametrize("width", [1280, 400])
def test_nothing_is_wider_than_the_window(visit, runs, width):
    browser = visit(runs / "qemu-10.0", runs / "ranged")
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        assert find(browser, "svg.narrow" if width == 400 else "svg.wide").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_many_events_are_shown_and_zoomed(visit, runs, tmp_path):
    import os
    import shutil

    folder = shutil.copytree(runs / "qemu-10.0", tmp_path / "many")
    count = int(os.environ.get("FWSIM_REPORT_EVENTS", "100000"))
    many_events(folder, count)
    browser = visit(folder)
    assert find(browser, ".window").text.startswith(f"Events 1 to {count:,}.")
    keys(browser, ".lanes", *["+"] * 12)
    low, high = numbers(browser)
    assert high - low < count / 200
