// A brush over a photo: marks where it is damaged, and rubs out marks. What is drawn lies on
// a canvas of the mask's size; a drawing is sent with the form as a picture in white on black.

const MOST_ZOOM = 8;
const STEP = 1.5;

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

class Brush {
  constructor(root) {
    this.root = root;
    this.find = (selector) => root.querySelector(selector);
    this.stage = this.find(".marks__stage");
    this.canvas = this.find(".marks__canvas");
    this.context = this.canvas.getContext("2d");
    this.photo = this.find(".marks__photo");
    this.found = this.find(".marks__found");
    this.ring = this.find(".marks__ring");
    this.size = this.find("[data-size]");
    this.form = this.find(".marks__repair");
    this.repair = this.find("[value=found]");
    this.isMarked = !this.repair.hidden;
    this.said = this.find("[data-said]");
    this.tool = "add";
    this.strokes = [];
    this.fingers = new Map();
    this.zoom = 1;
    this.x = 0;
    this.y = 0;
    this.spot = { x: 0.5, y: 0.5 };
    this.begin();
  }

  async begin() {
    // Without the picture of the mask one begins with none.
    await this.found?.decode().catch(() => (this.found = null));
    this.root.classList.add("marks--live");
    this.set("--ratio", this.canvas.width / this.canvas.height);
    this.stage.tabIndex = 0;
    this.stage.setAttribute("role", "application");
    this.stage.setAttribute("aria-label", this.photo.alt);
    this.stage.setAttribute("aria-describedby", "marks-keys");
    for (const part of [".marks__bar", ".marks__keys", ".marks__canvas"]) this.find(part).hidden = false;
    for (const button of this.root.querySelectorAll("[data-tool]")) button.onclick = () => this.take(button.dataset.tool);
    for (const button of this.root.querySelectorAll("[data-zoom]")) button.onclick = () => this.zoomTo({ fit: 1, in: this.zoom * STEP, out: this.zoom / STEP }[button.dataset.zoom]);
    this.find("[data-undo]").onclick = () => this.undo();
    this.find("[data-hide]").onclick = ({ currentTarget }) => currentTarget.setAttribute("aria-pressed", this.root.classList.toggle("is-hidden"));
    this.size.oninput = () => this.showRing();
    this.stage.onpointerdown = (event) => this.down(event);
    this.stage.onpointermove = (event) => this.move(event);
    this.stage.onpointerup = this.stage.onpointercancel = (event) => this.up(event);
    this.stage.onpointerleave = () => (this.ring.hidden = !this.stage.matches(":focus-visible"));
    this.stage.onfocus = () => this.stage.matches(":focus-visible") && this.showRing();
    this.stage.onblur = () => (this.ring.hidden = true);
    this.stage.onkeydown = (event) => this.key(event);
    this.stage.oncontextmenu = (event) => event.preventDefault();
    this.stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.form.onsubmit = (event) => this.submit(event);
    this.paint();
  }

  set(name, value) {
    this.root.style.setProperty(name, value);
  }

  say(word) {
    // The same word again is heard again.
    this.said.textContent = this.said.textContent === word ? `${word}.` : word;
  }

  take(tool) {
    this.tool = tool;
    this.root.dataset.tool = tool;
    for (const button of this.root.querySelectorAll("[data-tool]")) button.setAttribute("aria-pressed", button.dataset.tool === tool);
  }

  // Drawing

  paint() {
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (this.found) this.context.drawImage(this.found, 0, 0, this.canvas.width, this.canvas.height);
    for (const stroke of this.strokes) this.draw(stroke, 0);
    this.count();
  }

  count() {
    this.find("[data-undo]").disabled = !this.strokes.length;
    this.repair.hidden = !this.isMarked && !this.strokes.length;
  }

  // From the point before `from`, so that a line goes on without a gap.
  draw({ tool, width, points }, from) {
    const { context, canvas } = this;
    context.globalCompositeOperation = tool === "rub" ? "destination-out" : "source-over";
    context.strokeStyle = this.root.dataset.colour;
    context.lineWidth = width;
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    for (const { x, y } of points.slice(Math.max(from - 1, 0))) context.lineTo(x * canvas.width, y * canvas.height);
    // A line of no length would not be drawn.
    if (points.length === 1) context.lineTo(points[0].x * canvas.width + 0.01, points[0].y * canvas.height);
    context.stroke();
    context.globalCompositeOperation = "source-over";
  }

  // The brush stays as large on the screen, so that a closer look draws finer.
  start(point) {
    const width = (Number(this.size.value) * this.canvas.width) / (this.stage.clientWidth * this.zoom);
    this.strokes.push({ tool: this.tool === "rub" ? "rub" : "add", width, points: [] });
    this.root.classList.remove("is-hidden");
    this.find("[data-hide]").setAttribute("aria-pressed", false);
    this.lead(point);
    this.count();
  }

  lead(point) {
    const stroke = this.strokes.at(-1);
    stroke.points.push(point);
    this.draw(stroke, stroke.points.length - 1);
  }

  undo() {
    if (!this.strokes.pop()) return;
    this.paint();
    this.say(this.said.dataset.undone);
  }

  // Where in the picture, 0 to 1, an event is.
  at(event) {
    const box = this.stage.getBoundingClientRect();
    const frame = { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
    return { frame, x: (frame.x - this.x / 100) / this.zoom, y: (frame.y - this.y / 100) / this.zoom };
  }

  // Pointers: one draws or moves, two zoom and move.

  down(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.stage.focus({ preventScroll: true });
    this.stage.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, event);
    if (this.fingers.size === 2 && this.isDrawing) {
      // It was the first of two fingers, and no stroke.
      this.strokes.pop();
      this.paint();
    }
    this.isDrawing = this.fingers.size === 1 && this.tool !== "move";
    if (this.isDrawing) this.start(this.at(event));
    this.point(event);
  }

  move(event) {
    const before = this.fingers.get(event.pointerId);
    if (before && this.fingers.size > 1) this.pinch(event, before);
    else if (before && this.tool === "move") this.drag(event, before);
    else if (before && this.isDrawing) for (const one of event.getCoalescedEvents?.() ?? [event]) this.lead(this.at(one));
    if (before) this.fingers.set(event.pointerId, event);
    this.point(event);
  }

  up(event) {
    this.fingers.delete(event.pointerId);
    if (!this.fingers.size) this.isDrawing = false;
    if (event.pointerType !== "mouse") this.ring.hidden = true;
  }

  point(event) {
    this.spot = this.at(event);
    if (event.pointerType === "mouse" || this.isDrawing) this.showRing();
  }

  pinch(event, before) {
    const other = [...this.fingers.values()].find((one) => one.pointerId !== event.pointerId);
    const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1;
    this.drag(event, before, 0.5);
    this.zoomTo((this.zoom * apart(event)) / apart(before), this.at(other).frame);
  }

  drag(event, before, share = 1) {
    this.pan((100 * share * (event.clientX - before.clientX)) / this.stage.clientWidth, (100 * share * (event.clientY - before.clientY)) / this.stage.clientHeight);
  }

  wheel(event) {
    if (!event.ctrlKey && this.zoom === 1) return;
    event.preventDefault();
    this.zoomTo(this.zoom * Math.exp(-event.deltaY / 300), this.at(event).frame);
  }

  // Zoom. x and y are percentages of the frame.

  zoomTo(zoom, at = { x: 0.5, y: 0.5 }) {
    const next = clamp(zoom < 1.05 ? 1 : zoom, 1, MOST_ZOOM);
    this.x = 100 * at.x - ((100 * at.x - this.x) * next) / this.zoom;
    this.y = 100 * at.y - ((100 * at.y - this.y) * next) / this.zoom;
    this.zoom = next;
    this.pan(0, 0);
    this.find("output").value = `${Math.round(100 * next)} %`;
    const { full } = this.photo.dataset;
    if (next > 1 && full) this.photo.src = full;
    if (next > 1) delete this.photo.dataset.full;
  }

  pan(x, y) {
    const least = 100 - 100 * this.zoom;
    this.x = clamp(this.x + x, least, 0);
    this.y = clamp(this.y + y, least, 0);
    for (const [name, value] of [["--x", `${this.x}%`], ["--y", `${this.y}%`], ["--zoom", this.zoom]]) this.set(name, value);
  }

  // Keyboard

  key(event) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const zooms = { "+": this.zoom * STEP, "=": this.zoom * STEP, "-": this.zoom / STEP, 0: 1 };
    if (event.ctrlKey || event.metaKey) {
      if (event.key.toLowerCase() !== "z") return;
      this.undo();
    } else if (moves[event.key]) this.go(moves[event.key], event.shiftKey);
    else if (zooms[event.key]) this.zoomTo(zooms[event.key], this.onFrame());
    else if (event.key === " ") this.dot();
    else return;
    event.preventDefault();
  }

  dot() {
    this.start(this.spot);
    this.say(this.said.dataset[this.tool === "rub" ? "rubbed" : "marked"]);
  }

  go([x, y], draws) {
    const step = Math.max(Number(this.size.value) / 2, 4) / this.zoom;
    const next = { x: clamp(this.spot.x + (x * step) / this.stage.clientWidth, 0, 1), y: clamp(this.spot.y + (y * step) / this.stage.clientHeight, 0, 1) };
    if (draws) this.start(this.spot);
    if (draws) this.lead(next);
    this.spot = next;
    const frame = this.onFrame();
    this.pan(frame.x < 0.1 ? 20 : frame.x > 0.9 ? -20 : 0, frame.y < 0.1 ? 20 : frame.y > 0.9 ? -20 : 0);
    this.showRing();
  }

  onFrame() {
    return { x: this.x / 100 + this.spot.x * this.zoom, y: this.y / 100 + this.spot.y * this.zoom };
  }

  showRing() {
    const frame = this.onFrame();
    this.ring.hidden = this.tool === "move";
    this.set("--ring", `${this.size.value}px`);
    this.set("--ring-x", `${100 * frame.x}%`);
    this.set("--ring-y", `${100 * frame.y}%`);
  }

  // Sending. What nobody changed is not sent: the engine's own mask is finer.

  submit(event) {
    if (event.submitter?.value === "none" || (this.found && !this.strokes.length)) return;
    event.preventDefault();
    this.picture().toBlob((blob) => {
      const files = new DataTransfer();
      files.items.add(new File([blob], "mask.png", { type: "image/png" }));
      this.form.elements.drawing.files = files.files;
      const how = document.createElement("input");
      Object.assign(how, { type: "hidden", name: "with", value: "drawn" });
      this.form.append(how);
      this.form.submit();
    }, "image/png");
  }

  picture() {
    const sheet = document.createElement("canvas");
    Object.assign(sheet, { width: this.canvas.width, height: this.canvas.height });
    const context = sheet.getContext("2d");
    context.drawImage(this.canvas, 0, 0);
    for (const [how, colour] of [["source-in", "#fff"], ["destination-over", "#000"]]) {
      context.globalCompositeOperation = how;
      context.fillStyle = colour;
      context.fillRect(0, 0, sheet.width, sheet.height);
    }
    return sheet;
  }
}

new Brush(document.querySelector(".marks"));
