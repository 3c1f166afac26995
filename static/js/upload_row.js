// One line of the list of files: what it is, how far it is, and its two buttons.

const language = document.documentElement.lang;
const plural = new Intl.PluralRules(language);
const percent = new Intl.NumberFormat(language, { style: "percent" });
const words = {};
for (const { dataset, textContent } of document.getElementById("upload-words").content.children) {
  words[dataset.word] = textContent;
}

export function say(word, values = {}) {
  const text = words[word] ?? words[`${word}.${plural.select(values.count)}`] ?? words[`${word}.other`];
  return text.replace(/{(\w+)}/g, (_all, name) => values[name]);
}

function inUnit(unit, value, unitDisplay = "short") {
  const options = { style: "unit", unit, unitDisplay, maximumSignificantDigits: 3 };
  return new Intl.NumberFormat(language, options).format(value);
}

export function sizeInWords(bytes) {
  return bytes < 1e6 ? inUnit("kilobyte", Math.ceil(bytes / 1024)) : inUnit("megabyte", bytes / 1024 ** 2);
}

function timeInWords(seconds) {
  if (seconds < 60) return inUnit("second", Math.ceil(seconds / 5) * 5, "long");
  return inUnit("minute", Math.ceil(seconds / 60), "long");
}

export class Row {
  constructor(list, { name, size }, { onRetry, onDismiss }) {
    this.element = document.getElementById("upload-row").content.firstElementChild.cloneNode(true);
    this.part = (part) => this.element.querySelector(`[data-${part}]`);
    this.name = name;
    this.part("name").textContent = name;
    this.part("size").textContent = sizeInWords(size);
    this.part("bar").setAttribute("aria-label", say("progress", { name }));
    this.part("retry").addEventListener("click", onRetry);
    this.part("dismiss").addEventListener("click", onDismiss);
    this.label("retry", this.part("retry").textContent);
    list.append(this.element);
  }

  label(button, text) {
    this.part(button).textContent = text;
    this.part(button).setAttribute("aria-label", `${text}: ${this.name}`);
  }

  // `kind` colours the line: waiting, going, added, known or wrong.
  show(kind, text, canRetry = false) {
    const hadFocus = this.part("retry") === document.activeElement;
    this.element.dataset.kind = kind;
    // The server's sentences begin with the name, which stands above already.
    const start = `${this.name}: `;
    this.part("state").textContent = text.startsWith(start) ? text.slice(start.length) : text;
    this.part("retry").hidden = !canRetry;
    this.part("bar").hidden = kind !== "going";
    this.label("dismiss", say(["waiting", "going"].includes(kind) ? "cancel" : "dismiss"));
    if (hadFocus && !canRetry) this.part("dismiss").focus();
  }

  showSending(fraction, secondsLeft) {
    this.part("bar").value = fraction;
    const values = { percent: percent.format(Math.floor(fraction * 100) / 100) };
    if (fraction === 1) this.show("going", say("checking"));
    else if (!secondsLeft) this.show("going", say("sending", values));
    else this.show("going", say("sending.left", { ...values, left: timeInWords(secondsLeft) }));
  }

  showAnswer(kind, { sentence, photos: [photo, ...more] }) {
    this.show(kind, kind === "added" && !more.length ? say("added") : sentence);
    if (!photo) return;
    const picture = new Image();
    picture.alt = "";
    picture.src = photo.thumb;
    this.part("picture").append(picture);
    if (kind !== "known") return;
    const link = document.createElement("a");
    link.href = photo.url;
    link.append(...this.part("state").childNodes);
    this.part("state").append(link);
  }

  remove() {
    const next = this.element.nextElementSibling ?? this.element.previousElementSibling;
    const target = next?.querySelector("button:not([hidden])") ?? document.getElementById("rows-title");
    this.element.remove();
    target.focus();
  }
}
