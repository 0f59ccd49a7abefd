"use strict";
// The address map's path of one entry, and the timeline's zoom. All data is in #data; text is never set as HTML.
(() => {
const runs = JSON.parse(document.getElementById("data").textContent);
const NS = "http://www.w3.org/2000/svg";
const hex = (n, digits = 1) => "0x" + n.toString(16).padStart(digits, "0");
const group = n => n.toString().replace(/\B(?=(\d{3})+(?!\d))/g, ",");
const wide = (low, high) => high ? hex(high) + low.toString(16).padStart(8, "0") : hex(low, 8);
const count = (n, what) => n ? group(n) + " " + what + (n === 1 ? "" : "s") : "no " + what;
const clamp = (n, low, high) => Math.min(high, Math.max(low, n));
function make(name, attributes, text) {
  const made = document.createElementNS(NS, name);
  for (const key in attributes) made.setAttribute(key, attributes[key]);
  if (text !== undefined) made.textContent = text;
  return made;
}

// --- the map -----------------------------------------------------------------------------------------------------
const COLUMNS = ["number", "low", "high", "wasLow", "wasHigh", "page", "kind", "mapped", "seq", "place", "reads", "writes"];
function entryAt(run, position) {
  let at = position;
  for (const [count, first, step] of run.entries) {
    if (at < count) return Object.fromEntries(COLUMNS.map((name, i) => [name, first[i] + (name === "place" ? 0 : at * step[i])]));
    at -= count;
  }
  return null;
}
function positionOf(run, number) {
  let before = 0, best = 0;
  for (const [count, first, step] of run.entries) {
    const last = first[0] + (count - 1) * step[0];
    if (number <= last) return before + Math.max(0, step[0] ? Math.ceil((number - first[0]) / step[0]) : 0);
    before += count;
    best = before - 1;
  }
  return best;
}
function heightOf(run, address) {
  const { marks, ys } = run;
  if (address <= marks[0]) return ys[0];
  for (let i = 1; i < marks.length; i++)
    if (address <= marks[i]) return ys[i - 1] + (ys[i] - ys[i - 1]) * (address - marks[i - 1]) / (marks[i] - marks[i - 1]);
  return ys[ys.length - 1];
}
function lies(run, entry) {
  const kind = run.kinds[entry.kind], address = entry.page * 4096;
  if (kind === "invalid") return run.classes[entry.kind];
  const base = kind === "guest_stolen" ? run.guest[0] : kind === "host_stolen" ? run.host[0] : null;
  const words = run.bare ? "the host's own memory" : run.classes[entry.kind];
  return base !== null && address >= base ? words + " + " + hex(address - base) : words;
}
function tell(run, entry) {
  const value = wide(entry.low, entry.high), was = wide(entry.wasLow, entry.wasHigh);
  const changed = value === was ? "" : " The ROM wrote " + was + "; it was changed on the way.";
  const where = run.places[entry.place], offset = entry.number * run.width;
  let text = "Entry " + hex(entry.number) + " (GTT offset " + hex(offset) + ", index port " + hex(offset + 1) + ") holds " + value +
    ", written at event " + group(entry.seq) + (where ? " by " + where : "") + "." + changed;
  if (run.kinds[entry.kind] === "invalid") return text + " It is not valid, and leads nowhere.";
  text += " It points at page " + hex(entry.page * 4096, 8) + ": " + lies(run, entry) + ". ";
  if (run.bare) return text + "The IOMMU is off.";
  if (entry.mapped) return text + "The IOMMU maps it.";
  const refused = entry.reads + entry.writes;
  return text + "The IOMMU does not map it: DMA there is refused" +
    (refused ? " (" + count(entry.writes, "write") + " and " + count(entry.reads, "read") + ")." : "; there was none.");
}
function route(svg, run, position, entry) {
  const place = name => svg.dataset[name].split(",").map(Number);
  const [gtt, gttWidth] = place("gtt"), [iommu, iommuWidth] = place("iommu"), [guest, guestWidth] = place("guest");
  const [host, hostWidth] = place("host"), out = svg.querySelector(".route");
  const from = run.bottom - (run.bottom - run.top) * (position + .5) / run.total;
  const kind = run.kinds[entry.kind], parts = [make("path", { d: `M${gtt} ${from}H${gtt + gttWidth}` })];
  out.dataset.kind = kind;
  out.dataset.mapped = entry.mapped;
  out.dataset.page = hex(entry.page * 4096);
  if (kind !== "invalid") {
    const y = heightOf(run, entry.page * 4096 + 2048), middle = iommu + iommuWidth / 2;
    const end = run.bare ? host + hostWidth / 2 : guest + guestWidth / 2;
    parts.push(make("path", { d: `M${gtt + gttWidth} ${from}L${iommu} ${y}H${entry.mapped ? end : middle}` }));
    if (entry.mapped) parts.push(make("circle", { cx: end, cy: y, r: 4 }));
    else {
      parts.push(make("text", { x: middle, y: y + 5, "text-anchor": "middle" }, "✕"));
      if (kind === "host_stolen") parts.push(
        make("path", { class: "lost", d: `M${middle + 9} ${y}H${host + hostWidth / 2}` }), make("circle", { cx: host + hostWidth / 2, cy: y, r: 4 }));
    }
  }
  out.replaceChildren(...parts);
}
for (const article of document.querySelectorAll(".map")) {
  const run = runs[article.dataset.run], drawings = article.querySelectorAll("svg");
  if (!run.total) continue;
  const status = article.querySelector(".entry"), field = article.querySelector("input");
  const listed = run.entries.reduce((sum, each) => sum + each[0], 0);
  let chosen = 0;
  function choose(position) {
    chosen = clamp(position, 0, listed - 1);
    const entry = entryAt(run, chosen), text = tell(run, entry);
    status.textContent = text;
    if (document.activeElement !== field) field.value = hex(entry.number);
    for (const svg of drawings) {
      route(svg, run, chosen, entry);
      const pick = svg.querySelector(".pick");
      pick.setAttribute("aria-valuenow", chosen);
      pick.setAttribute("aria-valuetext", text);
    }
  }
  for (const svg of drawings) {
    const pick = svg.querySelector(".pick");
    pick.addEventListener("pointermove", event => {
      const box = pick.getBoundingClientRect();
      choose(Math.floor((box.bottom - event.clientY) / box.height * run.total));
    });
    pick.addEventListener("focus", () => choose(chosen));
    pick.addEventListener("keydown", event => {
      const steps = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 16, PageDown: -16, Home: -Infinity, End: Infinity };
      if (!(event.key in steps)) return;
      event.preventDefault();
      choose(chosen + steps[event.key]);
    });
  }
  field.addEventListener("change", () => {
    const number = Number(field.value.trim());
    if (Number.isFinite(number)) choose(positionOf(run, number));
  });
  choose(0);
}

// --- the timeline ------------------------------------------------------------------------------------------------
function unpack(packed, bins) {
  const counts = new Float64Array(bins);
  let at = 0;
  for (const each of packed) if (each < 0) at -= each; else counts[at++] = each;
  return counts;
}
const LABEL = 150, NARROW = 114, LANE = 26, ROOM = 20;
for (const article of document.querySelectorAll(".time")) {
  const run = runs[article.dataset.run], line = run.timeline;
  if (!line.total) continue;
  const lanes = article.querySelector(".lanes"), status = article.querySelector(".window");
  const list = article.querySelector(".events"), axisField = article.querySelector("select");
  const counts = { seq: line.seq.map(each => unpack(each, line.bins)), time: line.time.map(each => unpack(each, line.bins)) };
  const finest = Math.min(line.bins, 32);
  let axis = "seq", first = 0, last = line.bins, drag = null;
  const total = () => axis === "seq" ? line.total : line.end;
  const at = bin => Math.floor(bin * total() / line.bins);
  const spoken = value => axis === "seq" ? group(value) : (value / 1e6).toFixed(3) + " ms";
  const inside = (seq, time) => { const v = axis === "seq" ? seq - 1 : time; return v >= first * total() / line.bins && v < last * total() / line.bins + (last === line.bins ? 1 : 0); };
  function set(a, b) {
    const span = clamp(Math.round(b - a), finest, line.bins);
    first = clamp(Math.round(a), 0, line.bins - span);
    last = first + span;
    draw();
  }
  function draw() {
    const width = Math.max(280, Math.round(lanes.clientWidth)), label = width < 500 ? NARROW : LABEL;
    const height = line.lanes.length * LANE + ROOM, plot = width - label;
    const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-label": "Events of each lane in this window" });
    const bars = Math.max(1, Math.min(last - first, Math.floor(plot / 2)));
    line.lanes.forEach(([name, title], lane) => {
      const sums = new Float64Array(bars), y = lane * LANE + LANE - 4;
      for (let bin = first; bin < last; bin++) sums[Math.floor((bin - first) * bars / (last - first))] += counts[axis][lane][bin];
      let most = 0, sum = 0, d = "";
      for (const each of sums) { most = Math.max(most, each); sum += each; }
      sums.forEach((each, i) => {
        if (!each) return;
        const h = Math.max(2, Math.log1p(each) / Math.log1p(most) * (LANE - 8)), x = label + plot * i / bars;
        d += `M${x.toFixed(1)} ${y}v${-h.toFixed(1)}h${(plot / bars).toFixed(2)}v${h.toFixed(1)}z`;
      });
      svg.append(make("rect", { class: "row", x: label, y: lane * LANE + 4, width: plot, height: LANE - 8 }), make("path", { class: name, d }));
      const text = make("text", { x: 0, y: lane * LANE + 17 }, title);
      text.append(make("title", {}, group(sum) + " events"));
      svg.append(text);
    });
    for (let i = 0; i <= 4; i++) {
      if (i % 2 && width < 600) continue;
      const x = label + plot * i / 4, anchor = i === 0 ? "start" : i === 4 ? "end" : "middle";
      svg.append(make("line", { class: "tick", x1: x, x2: x, y1: height - ROOM, y2: height - ROOM + 4 }));
      const value = at(first + (last - first) * i / 4);
      svg.append(make("text", { x, y: height - 4, "text-anchor": anchor }, spoken(axis === "seq" ? Math.min(value + 1, line.total) : value)));
    }
    lanes.replaceChildren(svg);
    tellWindow();
  }
  function tellWindow() {
    const from = at(first), to = at(last);
    const where = axis === "seq" ? `seq > ${from} and seq <= ${to}` : `time_ns >= ${from} and time_ns ${last === line.bins ? "<=" : "<"} ${to}`;
    status.textContent = (axis === "seq" ? `Events ${group(from + 1)} to ${group(to)}` : `${spoken(from)} to ${spoken(to)}`) + ". ";
    const code = document.createElement("code");
    code.textContent = `fwsim trace show ${run.folder} --where '${where}'`;
    status.append("All of them: ", code);
    const said = document.createElement("span");
    status.insertBefore(said, status.childNodes[1]);
    let lines = [];
    if (line.lines.length) for (let i = 0; i < line.lines.length && lines.length <= 400; i++) if (inside(i + 1, line.times[i] * 1000)) lines.push(line.lines[i]);
    if (!lines.length || lines.length > 400 || last - first === line.bins && line.total > 400) {
      lines = line.marks.filter(each => inside(each[0], each[1])).map(each => each[3]);
      said.textContent = "Below are those that stand out: calls, and the first of each kind. ";
    }
    list.replaceChildren(...lines.map(each => { const item = document.createElement("li"); item.textContent = each; return item; }));
  }
  const moves = {
    in: () => { const m = (first + last) / 2, s = (last - first) / 4; set(m - s, m + s); },
    out: () => { const m = (first + last) / 2, s = last - first; set(m - s, m + s); },
    left: () => { const s = (last - first) / 4; set(first - s, last - s); },
    right: () => { const s = (last - first) / 4; set(first + s, last + s); },
    all: () => set(0, line.bins),
  };
  for (const button of article.querySelectorAll("button")) button.addEventListener("click", () => moves[button.dataset.do]());
  axisField.addEventListener("change", () => { axis = axisField.value; set(0, line.bins); });
  lanes.addEventListener("keydown", event => {
    const name = { "+": "in", "=": "in", "-": "out", ArrowLeft: "left", ArrowRight: "right", 0: "all", Home: "all", Escape: "all" }[event.key];
    if (!name || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    moves[name]();
  });
  const binAt = event => {
    const box = lanes.getBoundingClientRect(), label = box.width < 500 ? NARROW : LABEL;
    return first + clamp((event.clientX - box.left - label) / (box.width - label), 0, 1) * (last - first);
  };
  lanes.addEventListener("pointerdown", event => { if (event.button === 0 && event.pointerType !== "touch") drag = { bin: binAt(event), x: event.clientX }; });
  window.addEventListener("pointermove", event => {
    if (!drag) return;
    const svg = lanes.firstChild, box = svg.getBoundingClientRect(), height = line.lanes.length * LANE;
    svg.querySelector(".select")?.remove();
    const a = Math.min(drag.x, event.clientX) - box.left, b = Math.max(drag.x, event.clientX) - box.left;
    svg.append(make("rect", { class: "select", x: a, y: 0, width: Math.max(1, b - a), height }));
  });
  window.addEventListener("pointerup", event => {
    if (!drag) return;
    const start = drag, end = binAt(event);
    drag = null;
    if (Math.abs(event.clientX - start.x) > 5) set(Math.min(start.bin, end), Math.max(start.bin, end)); else draw();
  });
  let shown = 0;
  new ResizeObserver(() => { if (lanes.clientWidth !== shown) { shown = lanes.clientWidth; draw(); } }).observe(lanes);
  draw();
}
})();
