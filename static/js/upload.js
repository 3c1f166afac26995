// The page for adding photos: takes files in, sends three at a time, sums up.

import { droppedFiles, wanted } from "./picked.js";
import { fingerprint, Refused, Transfer } from "./transfer.js";
import { Row, say, sizeInWords } from "./upload_row.js";

const AT_ONCE = 3;
const form = document.querySelector("[data-upload]");
const drop = form.querySelector("[data-drop]");
const section = document.querySelector("[data-rows]");
const part = (name) => section.querySelector(`[data-${name}]`);
const accepted = form.querySelector("[data-pick]").accept.split(",");
const batch = form.elements.batch.value;
const items = new Set();

class Item {
  constructor(file) {
    this.file = file;
    this.key = fingerprint(file);
    this.state = "waiting";
    this.sent = 0;
    this.row = new Row(part("list"), file, {
      onRetry: () => this.queue(),
      onDismiss: () => this.dismiss(),
    });
    this.transfer = new Transfer(file, {
      url: form.dataset.uploadsUrl,
      token: form.elements.csrfmiddlewaretoken.value,
      partBytes: Number(form.dataset.partBytes),
      facts: { album: form.dataset.album, wish: form.elements.wish.value, batch },
      onSent: (bytes) => this.showSent(bytes),
      onState: (word) => this.row.show("going", say(word), { canRetry: false }),
    });
    items.add(this);
    const reason = whyNot(file);
    if (reason) this.end("wrong", () => this.row.show("wrong", reason));
    else this.queue();
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
      await this.file.slice(0, 1).arrayBuffer();
    } catch {
      return this.end("wrong", () => this.row.show("wrong", say("unreadable")));
    }
    try {
      const answer = await this.transfer.run();
      const kind = answer.state === "refused" ? "wrong" : answer.duplicate ? "known" : "added";
      return this.end(kind, () => this.row.showAnswer(answer));
    } catch (error) {
      const text = error instanceof Refused ? error.sentence || say(error.word) : say("lost");
      const canRetry = error.canRetry ?? true;
      return this.end("wrong", () => this.row.show("wrong", text, { canRetry }));
    }
  }

  showSent(bytes) {
    const now = performance.now();
    this.started ??= { bytes, now };
    this.sent = bytes;
    const seconds = (now - this.started.now) / 1000;
    const rate = (bytes - this.started.bytes) / seconds;
    const left = seconds > 2 && rate > 0 ? (this.file.size - bytes) / rate : null;
    this.row.showSending(bytes / this.file.size, left);
    showOverall();
  }

  end(state, show) {
    if (!items.has(this)) return;
    this.state = state;
    show();
    update();
  }

  dismiss() {
    const underWay = ["waiting", "going"].includes(this.state);
    items.delete(this);
    this.row.remove();
    this.state = "gone";
    if (underWay || this.state === "wrong") this.transfer.dismiss();
    update();
  }
}

// A courtesy before sending; the server looks at the content and has the last word.
function whyNot(file) {
  const name = file.name.toLowerCase();
  const fits = accepted.some((kind) => (kind.startsWith(".") ? name.endsWith(kind) : file.type === kind));
  if (!fits) return say("type");
  if (!file.size) return say("empty");
  if (file.size > Number(form.dataset.maxBytes)) return say("too_large", { size: sizeInWords(file.size) });
  return "";
}

function take(files) {
  const known = new Set([...items].filter((item) => item.state !== "wrong").map((item) => item.key));
  for (const file of files) {
    if (known.has(fingerprint(file))) continue;
    new Item(file);
  }
  update();
}

function count(...states) {
  return [...items].filter((item) => states.includes(item.state)).length;
}

function update() {
  for (const item of items) {
    if (count("going") >= AT_ONCE) break;
    if (item.state === "waiting") item.send();
  }
  const counts = [["added", count("added")], ["known", count("known")], ["going", count("waiting", "going")], ["wrong", count("wrong")]];
  const text = counts.filter(([, number]) => number).map(([kind, number]) => say(`count.${kind}`, { count: number })).join(", ");
  if (part("summary").textContent !== text) part("summary").textContent = text;
  const isDone = items.size > 0 && !count("waiting", "going");
  part("done").hidden = !isDone || !count("added", "known");
  part("overall").hidden = isDone;
  section.hidden = !items.size;
  showOverall();
}

function showOverall() {
  let [all, sent] = [0, 0];
  for (const item of items) {
    if (item.state === "wrong") continue;
    all += item.file.size;
    sent += ["added", "known"].includes(item.state) ? item.file.size : item.sent;
  }
  part("overall").value = all ? sent / all : 0;
}

function start() {
  form.querySelector("[data-plain]").remove();
  drop.hidden = false;
  for (const input of form.querySelectorAll("[data-pick]")) {
    input.addEventListener("change", () => {
      take(wanted([...input.files]));
      input.value = "";
    });
  }
  // Anywhere on the page will do: a missed drop would open the picture instead.
  addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("drop--over");
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) drop.classList.remove("drop--over");
  });
  addEventListener("drop", async (event) => {
    event.preventDefault();
    drop.classList.remove("drop--over");
    take(await droppedFiles(event.dataTransfer));
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("beforeunload", (event) => {
    if (count("waiting", "going")) event.preventDefault();
  });
}

start();
