// The page for adding photos: takes files in, sends three at a time, sums up.

import { droppedFiles, wanted } from "./picked.js";
import { fingerprint, Transfer } from "./transfer.js";
import { Row, say, sizeInWords } from "./upload_row.js";

const AT_ONCE = 3;
const form = document.querySelector("[data-upload]");
const drop = form.querySelector("[data-drop]");
const section = document.querySelector("[data-rows]");
const part = (name) => section.querySelector(`[data-${name}]`);
const accepted = form.querySelector("[data-pick]").accept.split(",");
const items = new Set();

class Item {
  constructor(file, key) {
    Object.assign(this, { file, key, sent: 0 });
    this.row = new Row(part("list"), file, {
      onRetry: () => this.queue(),
      onDismiss: () => this.dismiss(),
    });
    this.transfer = new Transfer(file, {
      url: form.dataset.uploadsUrl,
      token: chosen("csrfmiddlewaretoken"),
      partBytes: Number(form.dataset.partBytes),
      facts: { album: form.dataset.album, wish: wish(), batch: chosen("batch"), cut: +form.elements.cut.checked },
      onSent: (bytes) => this.showSent(bytes),
      onState: (word) => this.row.show("going", say(word)),
    });
    const reason = whyNot(file);
    this.state = reason ? "wrong" : "waiting";
    this.row.show(this.state, reason || say("waiting"));
  }

  queue() {
    this.state = "waiting";
    this.row.show("waiting", say("waiting"));
    update();
  }

  async send() {
    this.state = "going";
    this.started = null;
    try {
      const answer = await this.transfer.run();
      this.state = answer.state === "refused" ? "wrong" : answer.duplicate ? "known" : "added";
      this.row.showAnswer(this.state, answer);
    } catch (error) {
      this.state = "wrong";
      const text = error.word ? error.message || say(error.word) : say("lost");
      this.row.show("wrong", text, error.canRetry ?? true);
    }
    update();
  }

  showSent(bytes) {
    const now = performance.now();
    this.started ??= { bytes, now };
    this.sent = bytes;
    const seconds = (now - this.started.now) / 1000;
    const rate = (bytes - this.started.bytes) / seconds;
    this.row.showSending(bytes / this.file.size, seconds > 2 && rate ? (this.file.size - bytes) / rate : 0);
    showOverall();
  }

  dismiss() {
    items.delete(this);
    this.row.remove();
    if (!["added", "known"].includes(this.state)) this.transfer.dismiss();
    update();
  }
}

const chosen = (name) => form.elements[name]?.value;
// A recipe, after whoever is chosen to do it.
const wish = () => [chosen(`by-${chosen("wish")}`), chosen("wish")].filter(Boolean).join(":");

// A courtesy; the server looks at the content and has the last word.
function whyNot({ name, size, type }) {
  const ending = /\.[^.]*$/.exec(name.toLowerCase())?.[0];
  if (!accepted.includes(ending) && !accepted.includes(type)) return say("type");
  if (!size) return say("empty");
  return size > form.dataset.maxBytes ? say("too_large", { size: sizeInWords(size) }) : "";
}

function take(files) {
  const known = new Set([...items].map(({ key, state }) => state !== "wrong" && key));
  for (const file of files) {
    const key = fingerprint(file);
    if (!known.has(key)) items.add(new Item(file, key));
    known.add(key);
  }
  update();
}

const count = (...states) => [...items].filter(({ state }) => states.includes(state)).length;

function update() {
  for (const item of items) {
    if (item.state === "waiting" && count("going") < AT_ONCE) item.send();
  }
  const counts = { added: count("added"), known: count("known"), going: count("waiting", "going"), wrong: count("wrong") };
  const present = Object.entries(counts).filter(([, number]) => number);
  part("summary").textContent = present.map(([kind, number]) => say(`count.${kind}`, { count: number })).join(", ");
  part("done").hidden = counts.going > 0 || !counts.added && !counts.known;
  part("overall").hidden = !counts.going;
  section.hidden = !items.size;
  showOverall();
}

function showOverall() {
  let [all, sent] = [0, 0];
  for (const { file, state, sent: bytes } of items) {
    if (state === "wrong") continue;
    all += file.size;
    sent += bytes;
  }
  part("overall").value = sent / (all || 1);
}

form.querySelector("[data-plain]").remove();
drop.hidden = false;
for (const input of form.querySelectorAll("[data-pick]")) {
  input.addEventListener("change", () => {
    take(wanted([...input.files]));
    input.value = "";
  });
}
const light = (isOver) => drop.classList.toggle("drop--over", isOver);
// Anywhere on the page will do: a missed drop would open the picture instead.
addEventListener("dragover", (event) => {
  event.preventDefault();
  light(true);
});
addEventListener("dragleave", ({ relatedTarget }) => {
  if (!relatedTarget) light(false);
});
addEventListener("drop", async (event) => {
  event.preventDefault();
  light(false);
  take(await droppedFiles(event.dataTransfer));
});
form.addEventListener("submit", (event) => event.preventDefault());
addEventListener("beforeunload", (event) => {
  if (count("waiting", "going")) event.preventDefault();
});
