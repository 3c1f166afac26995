// Boxes over a scanned page: drawn, moved, sized and turned by pointer, finger and keys.
// The inputs of the form say where they are; what is drawn follows them.

const form = document.querySelector("[data-boxes]");
const find = (name, where = form) => where.querySelector(`[data-${name}]`);
const list = find("list");
const stage = find("stage");
const template = document.querySelector("#box-row");
const [pageWidth, pageHeight] = [Number(form.dataset.width), Number(form.dataset.height)];
const NUMBERS = ["x", "y", "width", "height", "angle"];
const SMALLEST = 32;
const HANDLES = [[-1, -1], [0, -1], [1, -1], [1, 0], [1, 1], [0, 1], [-1, 1], [-1, 0]];
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
// As finely as the server keeps them: what nobody touched must stay the same.
const rounded = (value) => Math.round(value * 1000) / 1000;

let boxes = [];
let chosen = null;
let count = list.children.length;
const before = [];

function svg(name, attributes = {}, parent = null) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  set(element, attributes);
  parent?.append(element);
  return element;
}

function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
}

// A vector of the page as seen from a box that is turned by so many degrees.
function turned({ x, y }, degrees) {
  const [sine, cosine] = [Math.sin((degrees * Math.PI) / 180), Math.cos((degrees * Math.PI) / 180)];
  return { x: x * cosine - y * sine, y: x * sine + y * cosine };
}

class Box {
  constructor(row) {
    this.row = row;
    this.inputs = Object.fromEntries(NUMBERS.map((name) => [name, row.querySelector(`[name$="-${name}"]`)]));
    this.code = row.querySelector("[name$='-code']").value;
    this.read();
    this.shape = svg("g", { class: "box", tabindex: 0, role: "button", "aria-describedby": "boxes-help" });
    this.area = svg("rect", { class: "box__area" }, this.shape);
    this.stem = svg("line", { class: "box__stem" }, this.shape);
    this.knob = svg("circle", { class: "box__handle box__knob", "data-handle": "turn" }, this.shape);
    this.handles = HANDLES.map(([x, y]) => svg("circle", { class: "box__handle", "data-handle": `${x},${y}` }, this.shape));
    this.badge = svg("circle", { class: "box__badge" }, this.shape);
    this.label = svg("text", { dy: ".35em" }, this.shape);
    this.shape.addEventListener("focus", () => choose(this));
    this.shape.addEventListener("keydown", (event) => key(event, this));
    row.addEventListener("focusin", () => choose(this, false));
    row.addEventListener("change", () => this.typed());
    for (const button of row.querySelectorAll("[data-turn]")) {
      button.addEventListener("click", () => change(() => this.turn(Number(button.dataset.turn))));
    }
    find("remove", row).addEventListener("click", () => remove(this));
  }

  read() {
    for (const name of NUMBERS) this[name] = Number(this.inputs[name].value.replace(",", ".")) || 0;
  }

  typed() {
    remember();
    this.read();
    this.keep();
    draw();
  }

  // A quarter stays a quarter: the print keeps its place, and its top is elsewhere.
  turn(degrees) {
    this.angle += degrees;
    if (Math.abs(degrees) === 90) [this.width, this.height] = [this.height, this.width];
  }

  keep() {
    this.x = clamp(this.x, 0, pageWidth);
    this.y = clamp(this.y, 0, pageHeight);
    const longest = Math.hypot(pageWidth, pageHeight);
    this.width = clamp(this.width, SMALLEST, longest);
    this.height = clamp(this.height, SMALLEST, longest);
    this.angle = ((((this.angle + 180) % 360) + 360) % 360) - 180;
  }

  // The side or corner at (x, y) goes to a place of the page; the opposite one stays.
  size(x, y, place) {
    const far = turned({ x: (-x * this.width) / 2, y: (-y * this.height) / 2 }, this.angle);
    const anchor = { x: this.x + far.x, y: this.y + far.y };
    const reach = turned({ x: place.x - anchor.x, y: place.y - anchor.y }, -this.angle);
    if (x) this.width = Math.max(SMALLEST, x * reach.x);
    if (y) this.height = Math.max(SMALLEST, y * reach.y);
    const middle = turned({ x: (x * this.width) / 2, y: (y * this.height) / 2 }, this.angle);
    this.x = anchor.x + middle.x;
    this.y = anchor.y + middle.y;
  }

  draw(number, unit) {
    const { x, y, width, height, angle } = this;
    for (const name of NUMBERS) {
      const value = String(rounded(this[name]));
      if (this.inputs[name].value !== value) this.inputs[name].value = value;
    }
    const words = form.dataset.wordsPrint.replace("{n}", number);
    const is = this === chosen;
    set(this.shape, { transform: `translate(${x} ${y}) rotate(${angle})`, "aria-label": words, "aria-pressed": is });
    this.shape.classList.toggle("box--chosen", is);
    this.row.classList.toggle("box-row--chosen", is);
    set(this.area, { x: -width / 2, y: -height / 2, width, height });
    const top = -height / 2 - 34 * unit;
    set(this.stem, { x1: 0, y1: -height / 2, x2: 0, y2: top });
    set(this.knob, { cx: 0, cy: top, r: 11 * unit });
    HANDLES.forEach(([across, down], at) => set(this.handles[at], { cx: (across * width) / 2, cy: (down * height) / 2, r: 8 * unit }));
    // In the corner, so that no face is covered; in the middle of what is too small.
    const [left, up] = [width, height].map((side) => Math.min(0, 26 * unit - side / 2));
    set(this.badge, { cx: left, cy: up, r: 16 * unit });
    set(this.label, { "font-size": 17 * unit, transform: `translate(${left} ${up}) rotate(${-angle})` });
    this.label.textContent = number;
    find("number", this.row).textContent = number;
    const cut = find("cut", this.row);
    set(cut, { viewBox: `0 0 ${width} ${height}` });
    set(cut.firstElementChild, { width, height });
    set(cut.querySelector("image"), { transform: `translate(${width / 2} ${height / 2}) rotate(${-angle}) translate(${-x} ${-y})` });
  }

  get state() {
    return NUMBERS.map((name) => rounded(this[name]));
  }
}

// What was, for undoing, and for saying what would change.

const snapshot = () => boxes.map((box) => ({ row: box.row, code: box.code, state: box.state }));

function remember() {
  before.push(snapshot());
  if (before.length > 100) before.shift();
}

function change(action) {
  remember();
  action();
  for (const box of boxes) box.keep();
  draw();
}

function restore(state) {
  for (const box of boxes) box.row.remove();
  boxes = state.map(({ row, state: numbers }) => {
    const box = known.get(row);
    NUMBERS.forEach((name, at) => (box[name] = numbers[at]));
    return box;
  });
  if (!boxes.includes(chosen)) chosen = null;
  draw();
}

const known = new Map();

function take(row) {
  const box = new Box(row);
  known.set(row, box);
  boxes.push(box);
  for (const tools of row.querySelectorAll("[data-tools]")) tools.hidden = false;
  find("plain", row)?.remove();
  return box;
}

function add(numbers) {
  count += 1;
  const row = template.content.firstElementChild.cloneNode(true);
  row.classList.remove("box-row--blank");
  find("numbers", row).open = false;
  for (const input of row.querySelectorAll("input")) input.name = input.name.replace(/^\d+/, count);
  NUMBERS.forEach((name) => (row.querySelector(`[name$="-${name}"]`).value = numbers[name] ?? 0));
  find("title", row).textContent = template.dataset.title ?? "";
  const box = take(row);
  box.keep();
  chosen = box;
  return box;
}

function remove(box) {
  change(() => {
    boxes = boxes.filter((other) => other !== box);
    box.row.remove();
    chosen = null;
  });
  (boxes.at(-1)?.shape ?? find("add")).focus();
}

// Reading order, as the server counts: row by row.
function ordered() {
  const standing = ({ angle, width, height }) => (Math.abs(Math.cos((angle * Math.PI) / 180)) >= Math.SQRT1_2 ? height : width);
  let left = [...boxes].sort((a, b) => a.y - b.y);
  const inOrder = [];
  while (left.length) {
    const limit = left[0].y + standing(left[0]) / 2;
    inOrder.push(...left.filter(({ y }) => y < limit).sort((a, b) => a.x - b.x));
    left = left.filter(({ y }) => y >= limit);
  }
  return inOrder;
}

function draw() {
  const unit = pageWidth / (stage.clientWidth || 600);
  ordered().forEach((box, at) => {
    if (!box.shape.isConnected) stage.append(box.shape);
    box.draw(at + 1, unit);
    // Moving what has the focus would take the focus from it.
    if (list.children[at] !== box.row && !list.contains(document.activeElement)) list.insertBefore(box.row, list.children[at] ?? null);
    else if (!box.row.isConnected) list.append(box.row);
  });
  for (const shape of [...stage.children]) if (!boxes.some((box) => box.shape === shape)) shape.remove();
  find("none").hidden = boxes.length > 0;
  find("undo").disabled = !before.length;
  find("summary").textContent = summary();
}

function summary() {
  const { wordsNew, wordsChanged, wordsGone, wordsSame } = form.dataset;
  const now = new Map(boxes.map((box) => [box.code || box, String(box.state)]));
  const then = new Map(first.map(({ code, state }) => [code, String(state)]));
  const parts = [
    [wordsNew, [...now.keys()].filter((code) => !then.has(code)).length],
    [wordsChanged, [...now].filter(([code, state]) => then.has(code) && then.get(code) !== state).length],
    [wordsGone, [...then.keys()].filter((code) => !now.has(code)).length],
  ];
  const said = parts.filter(([, number]) => number).map(([words, number]) => words.replace("{n}", number));
  return said.join(", ") || wordsSame;
}

function choose(box, scroll = true) {
  if (chosen === box) return;
  chosen = box;
  // The one that is chosen lies above the others, so that its handles can be reached.
  if (document.activeElement !== box.shape) stage.append(box.shape);
  draw();
  if (scroll && getComputedStyle(list).overflowY === "auto") box.row.scrollIntoView({ block: "nearest" });
}

// Pointer and finger

const place = (event) => {
  const { left, top, width } = stage.getBoundingClientRect();
  const unit = pageWidth / width;
  return { x: (event.clientX - left) * unit, y: (event.clientY - top) * unit };
};

let drag = null;

stage.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  const box = boxes.find(({ shape }) => shape.contains(event.target));
  if (!box && event.pointerType === "touch") return;
  event.preventDefault();
  const at = place(event);
  drag = { box, start: at, from: box && { x: box.x, y: box.y }, handle: event.target.dataset.handle, was: snapshot() };
  if (box) {
    box.shape.focus({ preventScroll: true });
    choose(box);
  }
  stage.setPointerCapture(event.pointerId);
});

stage.addEventListener("pointermove", (event) => {
  if (!drag) return;
  const at = place(event);
  const far = Math.hypot(at.x - drag.start.x, at.y - drag.start.y) > 6 * (pageWidth / stage.clientWidth);
  if (!drag.moved && !far) return;
  if (!drag.moved) before.push(drag.was);
  drag.moved = true;
  drag.box ??= add({ ...drag.start, width: SMALLEST, height: SMALLEST });
  if (!drag.from) pull(drag.box, drag.start, at);
  else if (drag.handle === "turn") spin(drag.box, at);
  else if (drag.handle) drag.box.size(...drag.handle.split(",").map(Number), at);
  else Object.assign(drag.box, { x: drag.from.x + at.x - drag.start.x, y: drag.from.y + at.y - drag.start.y });
  drag.box.keep();
  draw();
});

for (const type of ["pointerup", "pointercancel"]) {
  stage.addEventListener(type, () => {
    drag?.moved && drag.box.shape.focus({ preventScroll: true });
    drag = null;
  });
}

// A new box between two corners.
function pull(box, one, other) {
  const end = { x: clamp(other.x, 0, pageWidth), y: clamp(other.y, 0, pageHeight) };
  Object.assign(box, {
    x: (one.x + end.x) / 2, y: (one.y + end.y) / 2,
    width: Math.abs(one.x - end.x), height: Math.abs(one.y - end.y),
  });
}

function spin(box, at) {
  const angle = (Math.atan2(at.y - box.y, at.x - box.x) * 180) / Math.PI + 90;
  const straight = Math.round(angle / 90) * 90;
  box.angle = Math.abs(angle - straight) < 1.2 ? straight : angle;
}

// Keys

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const TURNS = { "[": -0.5, "]": 0.5, "{": -90, "}": 90 };

function key(event, box) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const step = STEPS[event.key];
  const unit = Math.max(1, Math.round(pageWidth / 400));
  if (step && event.shiftKey) change(() => Object.assign(box, { width: box.width + step[0] * unit, height: box.height + step[1] * unit }));
  else if (step) change(() => Object.assign(box, { x: box.x + step[0] * unit, y: box.y + step[1] * unit }));
  else if (TURNS[event.key]) change(() => box.turn(TURNS[event.key]));
  else if (["Delete", "Backspace"].includes(event.key)) remove(box);
  else if (event.key === "Enter") {
    find("numbers", box.row).open = true;
    box.inputs.x.focus();
  } else return;
  event.preventDefault();
}

addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "z" && !event.target.matches?.("input")) undo(event);
});

function undo(event) {
  event.preventDefault();
  if (before.length) restore(before.pop());
}

// Begin

template.dataset.title = find("title", template.content).dataset.new;
stage.replaceChildren();
for (const row of [...list.children]) {
  if (row.matches(".box-row--blank")) row.remove();
  else take(row);
}
const first = snapshot();
for (const tools of form.querySelectorAll("[data-tools]")) tools.hidden = false;
find("add").addEventListener("click", () => {
  remember();
  const box = add({ x: pageWidth / 2, y: pageHeight / 2, width: pageWidth / 3, height: pageHeight / 3 });
  draw();
  box.shape.focus();
});
find("undo").addEventListener("click", undo);
new ResizeObserver(draw).observe(stage);
let sent = false;
form.addEventListener("submit", () => (sent = true));
addEventListener("beforeunload", (event) => {
  if (!sent && summary() !== form.dataset.wordsSame) event.preventDefault();
});
draw();
