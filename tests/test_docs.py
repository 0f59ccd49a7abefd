"""The pages in docs/ name every field there is, with its default, and their examples are scenarios."""

import doctest
import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from fwsim.results import summary
from fwsim.scenario import model
from fwsim.scenario.load import dumps, load, loads
from fwsim.trace.event import ENUMS, EVENT, Flag

DOCS = Path(__file__).parents[1] / "docs"
TABLES = {
    "Top level": model.Scenario, "[host]": model.Host, "[[display]]": model.Display,
    "[hypervisor]": model.Hypervisor, "[guest]": model.Guest, "[firmware]": model.Firmware,
    "[rom]": model.Rom, "[[function]]": model.Function, "[[call]]": model.Call, "[payload]": model.Payload,
    "[budget]": model.Budget, "[[host_function]]": model.HostFunction, "[[group]]": model.GroupRow,
}  # fmt: skip
HOST = '[[host_function]]\nslot = "00:02.0"\n[[group]]\nfunction = "00:02.0"\n'
TABLE_NAMES = {"display", "call", "function", *(name.strip("[]") for name in TABLES)}


def page(name):
    return (DOCS / name).read_text(encoding="utf-8")


def section(text, heading):
    """The lines below the heading that starts with ``heading``, up to the next one of its level."""
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"## {heading}"))
    end = next((i for i in range(start + 1, len(lines)) if lines[i].startswith("## ")), len(lines))
    return lines[start + 1 : end]


def rows(lines):
    """{field: default as written} of the tables in ``lines``; a row of several fields has a default each, or one."""
    found = {}
    for line in lines:
        if line.startswith("| `"):
            names, defaults = (re.findall(r"`([^`]*)`", cell) for cell in line.split("|")[1:3])
            found |= dict(zip(names, defaults * len(names) if len(defaults) == 1 else defaults, strict=True))
    return found


def written_out():
    """Every default as the resolved scenario says it, by table; lists by their first element."""
    plain = tomllib.loads(dumps(loads('[[call]]\n[[function]]\nslot = "04.0"\n' + HOST)))
    first = {key: value[0] if isinstance(value, list) else value for key, value in plain.items()}
    return {"Top level": plain} | {f"{key}": value for key, value in first.items()}


@pytest.mark.parametrize("heading", TABLES)
def test_scenario_page_has_every_field_with_its_default(heading):
    described = rows(section(page("scenario.md"), heading))
    fields = {field.encode_name for field in msgspec.structs.fields(TABLES[heading])}
    if heading == "Top level":
        fields -= TABLE_NAMES
    assert set(described) == fields
    defaults = written_out()[heading.strip("[]")]
    for name, default in described.items():
        assert tomllib.loads(f"x = {default}")["x"] == defaults[name], f"{heading} {name}"


def test_scenario_page_lists_every_choice():
    text = page("scenario.md")
    for kind in TABLES.values():
        for field in msgspec.inspect.type_info(kind).fields:
            while isinstance(field.type, msgspec.inspect.Metadata):
                field.type = field.type.type
            if isinstance(field.type, msgspec.inspect.LiteralType):
                for choice in field.type.values:
                    assert re.search(rf"[`\"]{re.escape(str(choice))}[`\"]", text), f"{field.name}: {choice}"


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.md")), ids=lambda path: path.name)
def test_examples_are_scenarios(path):
    for example in re.findall(r"^```toml\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        loads(example, path.name)


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.md")), ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("http"):
            continue
        file, _, anchor = target.partition("#")
        other = (path.parent / file) if file else path
        assert other.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", other.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in slugs, target


def structs():
    """Every struct of the summary with its name as the page's headings and rows say it."""
    types = [member for member in vars(summary).values() if isinstance(member, type)]
    return [kind for kind in types if issubclass(kind, summary._Part) and kind is not summary._Part]


@pytest.mark.parametrize("kind", structs(), ids=lambda kind: kind.__name__)
def test_run_folder_page_has_every_name_of_the_summary(kind):
    text = page("run-folder.md")
    for field in msgspec.structs.fields(kind):
        assert re.search(rf"`[^`]*\b{field.encode_name}\b[^`]*`", text), f"{kind.__name__}: {field.encode_name}"


def test_run_folder_page_has_every_reason():
    text = page("run-folder.md")
    for reason in summary.StopReason.__args__:
        assert f"`{reason}`" in text


def test_events_page_has_every_column_and_number():
    text = page("events.md")
    for name in EVENT.names:
        offset, kind = EVENT.fields[name][1], EVENT.fields[name][0].str.lstrip("|")
        assert re.search(rf"^\| `{name}` \| {offset} \| `{re.escape(kind)}` \|", text, re.MULTILINE), name
    for column, members in ENUMS.items():
        for member in members:
            assert re.search(rf"\b{int(member)} {member.name.lower()}\b", text), f"{column}: {member.name}"
    for flag in Flag:
        assert re.search(rf"^\| {int(flag)} \| `{flag.name.lower()}` \|", text, re.MULTILINE), flag.name


def commands(text):
    """(command, lines it prints) of every indented ``$ `` example; a command goes on while a quote is open."""
    found = []
    block = []
    for line in [*text.splitlines(), ""]:
        if line.startswith("    "):
            block.append(line[4:])
        elif block:
            if block[0].startswith("$ "):
                found += split(block)
            block = []
    return found


def split(block):
    found = []
    for line in block:
        if line.startswith("$ "):
            found.append([line[2:], []])
        elif found[-1][0].count("'") % 2:
            found[-1][0] += "\n" + line
        else:
            found[-1][1].append(line)
    return found


def matches(wanted, printed):
    """Whether ``printed`` is ``wanted``, where a line of three dots stands for any lines."""
    if not wanted:
        return not printed
    if wanted[0] == "...":
        return any(matches(wanted[1:], printed[at:]) for at in range(len(printed) + 1))
    return bool(printed) and wanted[0] == printed[0] and matches(wanted[1:], printed[1:])


NAMED = (
    "runs/arm", "runs/boot-menu", "runs/demo", "runs/interrupts-intx", "runs/laptop", "runs/next-shadow",
    "runs/seabios-image", "runs/vpci-demo",
)  # fmt: skip
"""The runs that pages make, to look at them again."""


def makers():
    """{run's folder: the command that makes it}, as the pages that look at it have it; each page the same."""
    found = {}
    for path in sorted(DOCS.glob("*.md")):
        for command, _ in commands(path.read_text(encoding="utf-8")):
            made = re.match(r"fwsim (?:run|demo) .*?--out (\S+) --force\b", command)
            if made:
                assert found.setdefault(made[1], command) == command, path.name
    return found


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with what a clone has, roms and examples."""
    folder = tmp_path_factory.mktemp("docs")
    for name in ("roms", "examples"):
        (folder / name).symlink_to(DOCS.parent / name)
    return folder


@pytest.fixture(scope="module")
def made(place, in_shell):
    """{command: what it printed} of the runs that pages make: once for all the pages that do."""
    done = {line: in_shell(line, place) for line in makers().values()}
    assert [result.returncode for result in done.values()] == [0] * len(done)
    return {line: result.stdout for line, result in done.items()}


def test_a_page_says_how_the_runs_it_looks_at_are_made():
    assert set(makers()) == set(NAMED)
    for path in sorted(DOCS.glob("*.md")):
        shown = [command for command, _ in commands(path.read_text(encoding="utf-8"))]
        for run in NAMED:
            first = next((number for number, command in enumerate(shown) if re.search(rf"{run}\b", command)), None)
            assert first is None or shown[first] == makers()[run], f"{path.name}: {run}"


def test_the_example_of_the_scenario_page_is_a_file():
    example = re.search(r"^```toml\n(.*?)^```", page("scenario.md"), re.M | re.S)[1]
    assert load(DOCS.parent / "examples" / "laptop.toml") == loads(f'name = "laptop"\n{example}', base=DOCS.parent)


@pytest.mark.parametrize("name", sorted(path.name for path in DOCS.glob("*.md") if path.name != "registers.md"))
def test_commands_print_what_the_page_says(name, place, made, in_shell):
    for command, wanted in commands(page(name)):
        said = made[command] if command in made else in_shell(command, place).stdout
        printed = [line.rstrip() for line in said.splitlines()]
        assert matches(wanted, printed), "\n".join([command, *printed])


@pytest.mark.parametrize("name", ["iommu.md"])
def test_python_prints_what_the_page_says(name, place, made, in_shell):
    for code, wanted in re.findall(r"^```python\n(.*?)^```\n\n((?:    [^\n]*\n)+)", page(name), re.M | re.S):
        (place / "example.py").write_text(code)
        printed = in_shell("python example.py", place).stdout.splitlines()
        assert printed == [line[4:] for line in wanted.splitlines()]


def test_reading_events_gives_what_the_page_says(place, made, monkeypatch):
    monkeypatch.chdir(place)
    failed, tried = doctest.testfile(str(DOCS / "events.md"), module_relative=False)
    assert tried
    assert not failed


def test_machine_page_has_every_room_in_the_linters_order():
    """Its table is the layers of ``pyproject.toml``, top to bottom, and every one of them is there."""
    settings = tomllib.loads((DOCS.parent / "pyproject.toml").read_text())
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    text = "\n".join(section(page("machine.md"), "Rooms"))
    shown = [name.strip("/") for row in re.findall(r"^\| ((?:`[a-z]+/?`(?:, )?)+) \|", text, re.M)
             for name in re.findall(r"`([^`]+)`", row)]  # fmt: skip
    order = {name: number for number, layer in enumerate(layers) for name in layer.split(" | ")}
    assert sorted(shown) == sorted(order)
    assert [order[name] for name in shown] == sorted(order[name] for name in shown)


ROOT = DOCS.parent
ELSEWHERE = ("examples/README.md", "examples/plugin/README.md", "traces/README.md", "roms/README.md", "CONTRIBUTING.md")


def links(path):
    """The files that a page links to."""
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
    return {(path.parent / target).resolve() for target in targets if not target.startswith("http")}


def test_the_index_has_every_page_and_the_readme_has_the_index():
    found = links(DOCS / "index.md")
    wanted = {*DOCS.glob("*.md"), *(ROOT / name for name in ELSEWHERE)} - {DOCS / "index.md"}
    assert {path.resolve() for path in wanted} <= found
    assert (DOCS / "index.md").resolve() in links(ROOT / "README.md")
    assert all(path.exists() for path in found | links(ROOT / "README.md"))


def test_the_page_of_options_names_every_field_of_the_hypervisor_and_the_guest():
    text = page("qemu-options.md")
    for table, kind in (("hypervisor", model.Hypervisor), ("guest", model.Guest)):
        for field in msgspec.structs.fields(kind):
            name = f"{table}.{field.encode_name}"
            assert f"`{name}" in text or name in ("hypervisor.kind", "hypervisor.options"), name
    for path in re.findall(r"`((?:hypervisor|guest|firmware|rom)\.\w+)", text):
        table, _, name = path.partition(".")
        assert name in {field.encode_name for field in msgspec.structs.fields(TABLES[f"[{table}]"])}, path


def typed(text):
    """The fwsim commands of the indented blocks that show no output, comments left out."""
    return [line.split("#")[0].strip() for line in re.findall(r"^    (fwsim [^\n]*)", text, re.M)]


DOORS = "\n".join(section((ROOT / "README.md").read_text(encoding="utf-8"), "Three doors"))


def test_the_doors_of_the_readme_open(place, made, in_shell):
    """Each command of a door that needs no file of the reader's own does what it says, as typed."""
    assert DOORS.count("\n**") == 4
    for command in typed(DOORS):
        result = in_shell(command.replace("dmesg.txt lspci.txt", "'black screen'"), place)
        assert result.returncode == 0, result.stdout
        if command.startswith("fwsim run"):
            assert re.match(
                "verdict: (the ROM POSTed|the GOP driver started) and shows", result.stdout.splitlines()[-1]
            ), result.stdout


@pytest.mark.parametrize("path", [ROOT / "README.md", *sorted(DOCS.glob("*.md"))], ids=lambda path: path.name)
def test_every_command_that_a_page_names_is_there(path):
    from fwsim.cli.reference import entries

    known = {entry.name: {form for forms, _ in entry.options for form in re.findall(r"--?[a-z-]+", forms)}
             for entry in entries()}  # fmt: skip
    for command in typed(path.read_text(encoding="utf-8").replace("    $ fwsim", "    fwsim")):
        words = command.split("|")[0].split()[1:]
        name = " ".join(words[:2]) if " ".join(words[:2]) in known else words[0] if words else ""
        if not name or name.startswith("-"):
            continue
        assert name in known, command
        for option in re.findall(r" (--[a-z][a-z-]*)", command.partition(" '")[0]):
            assert option in known[name] | {"--help"}, command
