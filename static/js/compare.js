// Two versions of a photo in one frame: slider, side by side, hold, and a map of what was
// changed; zoom and pan of all together, also to a face; a magnifier. Sizes and places go to
// the style sheet as custom properties.

const MOST_ZOOM = 8;
const STEP = 1.5;
const GRIP = 32;

function on(target, types, action, options) {
  for (const type of types.split(" ")) target.addEventListener(type, action, options);
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

class Compare {
  constructor(root) {
    this.root = root;
    this.stage = root.querySelector(".stage");
    this.views = [...root.querySelectorAll(".view")];
    this.pictures = this.views.map((view) => view.firstElementChild);
    this.slider = root.querySelector(".slider");
    this.divider = root.querySelector(".divider");
    this.lens = root.querySelector(".lens");
    this.hold = root.querySelector("[data-hold]");
    this.modes = root.querySelectorAll("button[name=mode]");
    this.zoom = 1;
    this.x = 0;
    this.y = 0;
    this.point = { x: 0.5, y: 0.5 };
    this.fingers = new Map();
    this.view = this.views[0];
    this.begin();
  }

  begin() {
    const [width, height] = ["width", "height"].map((side) => Number(this.pictures[0].getAttribute(side)));
    this.set("--ratio", width / height);
    this.root.classList.add("compare--live");
    this.root.querySelector(".compare__bar").hidden = false;
    this.stage.tabIndex = 0;
    for (const button of this.modes) on(button, "click", () => this.choose(button.value));
    for (const button of this.root.querySelectorAll("[data-zoom]")) on(button, "click", () => this.zoomBy(button.dataset.zoom));
    on(this.root.querySelector("[data-lens]"), "click", () => this.useLens(this.lens.hidden));
    on(this.slider, "input", () => this.slide());
    on(this.stage, "keydown", (event) => this.key(event));
    on(this.stage, "wheel", (event) => this.wheel(event), { passive: false });
    on(this.stage, "pointerdown", (event) => this.down(event));
    on(this.stage, "pointermove", (event) => this.move(event));
    on(this.stage, "pointerup pointercancel", (event) => this.up(event));
    on(this.stage, "contextmenu", (event) => this.fingers.size && event.preventDefault());
    for (const face of this.root.querySelectorAll("[data-face]")) this.zoomable(face);
    for (const tones of this.root.querySelectorAll("[data-tones]")) this.switchable(tones);
    this.holdable();
    this.choose(this.root.dataset.mode);
    this.slide();
  }

  set(name, value) {
    this.root.style.setProperty(name, value);
  }

  // The frame on show: those of the pictures are hidden under the map.
  get frame() {
    return this.views[this.root.dataset.mode === "changes" ? 2 : 0];
  }

  choose(wanted) {
    const mode = [...this.modes].some(({ value }) => value === wanted) ? wanted : "slider";
    this.root.dataset.mode = mode;
    for (const button of this.modes) button.setAttribute("aria-pressed", button.value === mode);
    this.slider.hidden = this.divider.hidden = mode !== "slider";
    this.hold.parentElement.hidden = mode !== "hold";
    this.show(false);
    if (this.zoom > 1) this.sharpen();
  }

  // The map's layers, and the faces

  switchable(tones) {
    const layer = this.root.querySelector(".map__layer");
    const help = this.root.querySelector(".map__help");
    tones.parentElement.hidden = false;
    on(tones, "change", () => {
      [layer.src, layer.dataset.other] = [layer.dataset.other, layer.src];
      [help.textContent, help.dataset.other] = [help.dataset.other, help.textContent];
    });
  }

  zoomable(face) {
    const [left, top, right, bottom] = face.dataset.face.split(" ").map(Number);
    face.hidden = false;
    on(face, "click", () => {
      this.zoomTo(1);
      this.zoomTo(Math.max(1.1, 90 / Math.max(right - left, bottom - top)));
      this.pan(50 - (this.zoom * (left + right)) / 2 - this.x, 50 - (this.zoom * (top + bottom)) / 2 - this.y);
      this.stage.scrollIntoView({ block: "nearest" });
      this.stage.focus({ preventScroll: true });
    });
  }

  // Slider

  slide(value = this.slider.value) {
    this.slider.value = value;
    this.set("--split", `${value}%`);
    this.slider.setAttribute("aria-valuetext", this.root.dataset.valueB.replace("{n}", Math.round(value)));
  }

  slideTo(event) {
    const box = this.frame.getBoundingClientRect();
    this.slide(clamp((100 * (event.clientX - box.left)) / box.width, 0, 100));
  }

  // Hold

  holdable() {
    const press = (event) => {
      if (event.type === "keydown" && ![" ", "Enter"].includes(event.key)) return;
      event.preventDefault();
      this.hold.focus({ preventScroll: true });
      this.show(true);
    };
    on(this.hold, "pointerdown keydown", press);
    on(this.hold, "pointerup pointercancel pointerleave keyup blur", () => this.show(false));
    on(this.hold, "contextmenu", (event) => event.preventDefault());
  }

  show(original) {
    this.root.classList.toggle("is-held", original);
    this.hold.setAttribute("aria-pressed", original);
  }

  // Zoom and pan, both pictures together. x and y are percentages of the frame.

  zoomBy(direction) {
    this.zoomTo({ fit: 1, in: this.zoom * STEP, out: this.zoom / STEP }[direction]);
  }

  zoomTo(zoom, at = { x: 0.5, y: 0.5 }) {
    const next = clamp(zoom < 1.05 ? 1 : zoom, 1, MOST_ZOOM);
    this.x = 100 * at.x - ((100 * at.x - this.x) * next) / this.zoom;
    this.y = 100 * at.y - ((100 * at.y - this.y) * next) / this.zoom;
    this.zoom = next;
    this.place();
    if (next > 1) this.sharpen();
  }

  pan(x, y) {
    this.x += x;
    this.y += y;
    this.place();
  }

  place() {
    const least = 100 - 100 * this.zoom;
    this.x = clamp(this.x, least, 0);
    this.y = clamp(this.y, least, 0);
    this.set("--x", `${this.x}%`);
    this.set("--y", `${this.y}%`);
    this.set("--zoom", this.zoom);
    this.root.classList.toggle("is-zoomed", this.zoom > 1);
    this.root.querySelector("output").value = `${Math.round(100 * this.zoom)} %`;
  }

  // Full resolution comes only when somebody looks closer; until then the other stays.
  sharpen() {
    for (const picture of this.pictures) {
      if (!picture.offsetParent) continue;
      const { full } = picture.dataset;
      delete picture.dataset.full;
      if (full) picture.src = full;
    }
    this.fillLens();
  }

  // Magnifier

  useLens(shown) {
    this.lens.hidden = !shown;
    this.root.querySelector("[data-lens]").setAttribute("aria-pressed", shown);
    if (!shown) return;
    this.fillLens();
    this.sharpen();
    this.look(this.point);
  }

  fillLens() {
    this.pictures.slice(0, 2).forEach(({ src }, number) => {
      this.lens.children[number].firstElementChild.src = src;
    });
  }

  look(point) {
    this.point = { x: clamp(point.x, 0, 1), y: clamp(point.y, 0, 1) };
    if (this.lens.hidden) return;
    const { clientWidth: width, clientHeight: height } = this.frame;
    const across = Math.min(416, this.stage.clientWidth - 16);
    const at = this.onFrame(this.point, width, height);
    this.set("--w", width);
    this.set("--h", height);
    this.set("--px", this.point.x);
    this.set("--py", this.point.y);
    this.set("--lens-w", `${across}px`);
    this.set("--lens-x", `${clamp(at.x - across / 2, 8, this.stage.clientWidth - across - 8)}px`);
    this.set("--lens-y", `${at.y > height / 2 ? Math.max(at.y - across / 2 - 32, 8) : at.y + 32}px`);
  }

  onFrame({ x, y }, width, height) {
    return { x: (this.x / 100 + x * this.zoom) * width, y: (this.y / 100 + y * this.zoom) * height };
  }

  // Where in the picture, 0 to 1, an event is.
  spot(event) {
    const view = event.target.closest(".view") ?? this.view;
    const box = view.getBoundingClientRect();
    const frame = { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
    return { frame, x: (frame.x - this.x / 100) / this.zoom, y: (frame.y - this.y / 100) / this.zoom };
  }

  // Pointers

  down(event) {
    if (event.button !== 0 || !event.target.closest(".view")) return;
    event.preventDefault();
    this.stage.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, event);
    this.view = event.target.closest(".view");
    (this.root.dataset.mode === "slider" ? this.slider : this.stage).focus({ preventScroll: true });
    this.gesture = this.fingers.size > 1 ? "pinch" : this.gestureFor(event);
    if (this.gesture === "slide") this.slideTo(event);
    if (this.gesture === "hold") this.show(true);
    this.look(this.spot(event));
  }

  gestureFor(event) {
    const box = this.frame.getBoundingClientRect();
    const split = box.left + (box.width * this.slider.value) / 100;
    if (this.root.dataset.mode === "slider" && (this.zoom === 1 || Math.abs(event.clientX - split) < GRIP)) return this.lens.hidden ? "slide" : "look";
    if (this.zoom > 1) return "pan";
    return this.root.dataset.mode === "hold" ? "hold" : "look";
  }

  move(event) {
    if (!this.fingers.has(event.pointerId)) {
      if (event.pointerType === "mouse" && event.target.closest(".view")) this.look(this.spot(event));
      return;
    }
    const before = this.fingers.get(event.pointerId);
    const box = this.frame.getBoundingClientRect();
    if (this.gesture === "pinch") this.pinch(event);
    else if (this.gesture === "slide") this.slideTo(event);
    else if (this.gesture === "pan") this.pan((100 * (event.clientX - before.clientX)) / box.width, (100 * (event.clientY - before.clientY)) / box.height);
    this.fingers.set(event.pointerId, event);
    this.look(this.spot(event));
  }

  pinch(event) {
    const other = [...this.fingers.values()].find((one) => one.pointerId !== event.pointerId);
    const before = this.fingers.get(event.pointerId);
    const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1;
    this.zoomTo((this.zoom * apart(event)) / apart(before), this.spot(other).frame);
  }

  up(event) {
    this.fingers.delete(event.pointerId);
    if (this.gesture === "hold") this.show(false);
    this.gesture = this.fingers.size ? this.gesture : "";
  }

  wheel(event) {
    // A wheel alone scrolls the page, until somebody has zoomed in.
    if (!event.target.closest(".view") || (!event.ctrlKey && this.zoom === 1)) return;
    event.preventDefault();
    this.zoomTo(this.zoom * Math.exp(-event.deltaY / 300), this.spot(event).frame);
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const keys = { "+": "in", "=": "in", "-": "out", 0: "fit" };
    const moves = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    if (keys[event.key]) this.zoomBy(keys[event.key]);
    else if (event.target === this.stage && moves[event.key]) this.step(...moves[event.key]);
    else return;
    event.preventDefault();
  }

  step(x, y) {
    if (this.lens.hidden) this.pan(8 * x, 8 * y);
    else this.look({ x: this.point.x - 0.02 * x, y: this.point.y - 0.02 * y });
  }
}

function begin() {
  for (const root of document.querySelectorAll(".compare:not(.compare--live)")) new Compare(root);
}

begin();
on(document.body, "htmx:afterSettle", begin);
