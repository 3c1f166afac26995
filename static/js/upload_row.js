// One line of the list of files: what it is, how far it is, and its two buttons.

const language = document.documentElement.lang || "en";
const plural = new Intl.PluralRules(language);
const percent = new Intl.NumberFormat(language, { style: "percent" });
const words = new Map();
for (const word of document.getElementById("upload-words").content.children) {
  words.set(word.dataset.word, word.textContent);
}

export function say(word, values = {}) {
  const text = words.get(word) ?? words.get(`${word}.${plural.select(values.count)}`) ?? words.get(`${word}.other`);
  return text.replace(/{(\w+)}/g, (_all, name) => values[name] ?? "");
}

export function sizeInWords(bytes) {
  const unit = bytes < 1e6 ? "kilobyte" : "megabyte";
  const value = bytes / (unit === "kilobyte" ? 1024 : 1024 ** 2);
  return inUnit(unit, Math.max(value, 1), value < 10 && unit === "megabyte" ? 1 : 0);
}

function timeInWords(seconds) {
  if (seconds < 60) return inUnit("second", Math.max(5, Math.ceil(seconds / 5) * 5));
  return inUnit("minute", Math.ceil(seconds / 60));
}

function inUnit(unit, value, digits = 0) {
  const style = { style: "unit", unit, unitDisplay: unit.endsWith("byte") ? "short" : "long", maximumFractionDigits: digits };
  return new Intl.NumberFormat(language, style).format(value);
}

export class Row {
  constructor(list, file, { onRetry, onDismiss }) {
    const copy = document.getElementById("upload-row").content.cloneNode(true);
    this.element = copy.firstElementChild;
    this.part = (name) => this.element.querySelector(`[data-${name}]`);
    this.bar = this.element.querySelector("progress");
    this.bar.setAttribute("aria-label", say("progress", { name: file.name }));
    this.part("name").textContent = file.name;
    this.part("size").textContent = sizeInWords(file.size);
    for (const [name, act] of [["retry", onRetry], ["dismiss", onDismiss]]) {
      this.part(name).addEventListener("click", act);
    }
    this.name = file.name;
    this.label("dismiss", say("cancel"));
    this.label("retry", this.part("retry").textContent);
    list.append(copy);
  }

  label(button, text) {
    this.part(button).textContent = text;
    this.part(button).setAttribute("aria-label", `${text}: ${this.name}`);
  }

  // `kind` colours the line: waiting, going, added, known or wrong.
  show(kind, text, { canRetry = false } = {}) {
    const hadFocus = this.part("retry") === document.activeElement;
    this.element.dataset.kind = kind;
    // The server's sentences begin with the name, which stands above already.
    const start = `${this.name}: `;
    this.part("state").textContent = text.startsWith(start) ? text.slice(start.length) : text;
    this.part("retry").hidden = !canRetry;
    this.bar.hidden = kind !== "going";
    this.label("dismiss", say(["waiting", "going"].includes(kind) ? "cancel" : "dismiss"));
    if (hadFocus && !canRetry) this.part("dismiss").focus();
  }

  showSending(fraction, secondsLeft) {
    this.bar.value = fraction;
    const values = { percent: percent.format(Math.floor(fraction * 100) / 100) };
    if (fraction >= 1) this.show("going", say("checking"));
    else if (secondsLeft === null) this.show("going", say("sending", values));
    else this.show("going", say("sending.left", { ...values, left: timeInWords(secondsLeft) }));
  }

  showAnswer({ state, sentence, duplicate, photos = [], album_title: album }) {
    const [photo] = photos;
    if (state === "refused") this.show("wrong", sentence);
    else if (duplicate) this.show("known", "");
    else if (photos.length > 1) this.show("added", say("added.pages", { count: photos.length }));
    else this.show("added", say("added"));
    if (photo?.thumb) this.showPicture(photo);
    if (duplicate && photo) this.part("state").append(...knownAs(photo, album));
  }

  showPicture(photo) {
    const picture = new Image();
    picture.alt = "";
    picture.loading = "lazy";
    picture.src = photo.thumb;
    this.part("picture").replaceChildren(picture);
  }

  remove() {
    const next = this.element.nextElementSibling ?? this.element.previousElementSibling;
    const target = next?.querySelector("button:not([hidden])") ?? document.getElementById("rows-title");
    this.element.remove();
    target.focus();
  }
}

// "Already in Summer 1962", with the album's name as a link to the photo.
function knownAs(photo, album) {
  const link = document.createElement("a");
  link.href = photo.url;
  link.textContent = album || photo.title;
  const [before, after] = say("duplicate", { album: "\n" }).split("\n");
  return [before, link, after];
}
