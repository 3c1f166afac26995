// One file on its way in, in parts that can be resumed (the core of tus 1.0).
// Knows nothing of the page: it reports progress, and ends with an answer or an error.

const TUS = { "Tus-Resumable": "1.0.0" };
const PAUSES = [1, 2, 4, 8, 15, 30, 60, 60];  // seconds between tries without success
const SILENCE = 60_000;  // milliseconds without a byte sent
const CHECKING = 300_000;  // milliseconds for the server to open a big picture

// The server said no: in its own `sentence`, or else show `word`.
export class Refused extends Error {
  constructor({ sentence = "", word = "strange", canRetry = true }) {
    super(sentence || word);
    Object.assign(this, { sentence, word, canRetry });
  }
}
// No answer, or one that says "later".
export class Lost extends Error {
  constructor(word = "reconnecting") {
    super(word);
    this.word = word;
  }
}

// The same file of the same person again. Made without crypto.subtle, which
// browsers withhold on a home network without https.
export function fingerprint(file) {
  const text = `${file.name}\n${file.size}\n${file.lastModified}`;
  return [1, 2, 3, 4].map((seed) => hash(text, seed)).join("");
}

function hash(text, seed) {
  let value = Math.imul(seed, 0x9e3779b1);
  for (const unit of new TextEncoder().encode(text)) {
    value = Math.imul(value ^ unit, 0x01000193);
    value ^= value >>> 15;
  }
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  return ((value ^ (value >>> 13)) >>> 0).toString(16).padStart(8, "0");
}

function base64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

export class Transfer {
  constructor(file, { url, token, partBytes, facts, onSent, onState }) {
    Object.assign(this, { file, url, token, partBytes, facts, onSent, onState });
    this.location = null;
    this.offset = null;
    this.stopped = false;
  }

  // The server's last word on the file. Throws Refused or Lost.
  async run() {
    this.stopped = false;
    for (let failures = 0; ;) {
      const before = this.offset;
      try {
        const answer = await this.step();
        if (answer) return answer;
        if (this.offset !== before) failures = 0;
      } catch (error) {
        if (!(error instanceof Lost) || this.stopped) throw error;
        if (failures === PAUSES.length) throw error;
        this.offset = null;
        this.onState(error.word);
        await this.pause(PAUSES[failures++]);
      }
    }
  }

  async step() {
    if (!this.location) return this.create();
    if (this.offset === null) return this.find();
    return this.send();
  }

  async create() {
    this.onState("preparing");
    const facts = { ...this.facts, filename: this.file.name, fingerprint: fingerprint(this.file) };
    const metadata = Object.entries(facts).map(([key, value]) => `${key} ${base64(value)}`.trim());
    const answer = await this.ask("POST", this.url, {
      "Upload-Length": String(this.file.size), "Upload-Metadata": metadata.join(","),
    });
    const location = answer.header("Location");
    if (!location) return finished(answer);
    this.location = location;
    this.offset = Number(answer.header("Upload-Offset") ?? 0);
    return null;
  }

  async find() {
    const answer = await this.ask("HEAD", this.location);
    if (answer.status === 404 || answer.status === 410) this.location = null;
    else this.offset = Number(answer.header("Upload-Offset"));
    return null;
  }

  async send() {
    const start = this.offset;
    const part = this.file.slice(start, start + this.partBytes);
    this.onSent(start);
    const answer = await this.ask("PATCH", this.location, {
      "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(start),
    }, part, (sent) => this.onSent(start + sent));
    if (answer.status === 409 || answer.status === 404 || answer.status === 410) {
      this.offset = null;
      return null;
    }
    if (answer.status !== 204) return finished(answer);
    this.offset = Number(answer.header("Upload-Offset"));
    return null;
  }

  async dismiss() {
    this.stop();
    if (this.location) await this.ask("DELETE", this.location).catch(() => {});
  }

  stop() {
    this.stopped = true;
    this.request?.abort();
    this.wake?.();
  }

  pause(seconds) {
    return new Promise((resolve, reject) => {
      this.wake = () => (this.stopped ? reject(new Lost()) : resolve());
      setTimeout(this.wake, seconds * 1000);
      addEventListener("online", this.wake, { once: true });
    });
  }

  async ask(method, url, headers = {}, body = null, onSent = () => {}) {
    const request = await this.exchange(method, url, headers, body, onSent);
    const words = read(request);
    const answer = { status: request.status, words, header: (name) => request.getResponseHeader(name) };
    const path = (address) => new URL(address, location.href).pathname;
    if (path(request.responseURL) !== path(url)) throw new Refused({ word: "signed_out" });
    if (request.status < 400 || words?.state) return answer;
    if (answer.header("Retry-After")) throw new Lost("busy");
    if (method !== "POST" && [404, 409, 410].includes(request.status)) return answer;
    if ([408, 425, 429, 500, 502, 503, 504].includes(request.status)) throw new Lost();
    const word = [401, 403].includes(request.status) ? "signed_out" : "strange";
    const canRetry = ![404, 413, 415, 422].includes(request.status);
    throw new Refused({ sentence: words?.sentence, word, canRetry });
  }

  exchange(method, url, headers, body, onSent) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      let timer;
      const patience = (time) => { clearTimeout(timer); timer = setTimeout(() => request.abort(), time); };
      this.request = request;
      request.open(method, url);
      for (const [name, value] of Object.entries({ ...TUS, "X-CSRFToken": this.token, ...headers })) {
        request.setRequestHeader(name, value);
      }
      request.upload.onprogress = (event) => { patience(SILENCE); onSent(event.loaded); };
      request.upload.onload = () => patience(CHECKING);
      request.onload = () => resolve(request);
      request.onerror = request.onabort = () => reject(new Lost());
      request.onloadend = () => clearTimeout(timer);
      patience(body ? SILENCE : CHECKING);
      request.send(body);
    });
  }
}

function finished({ words }) {
  if (!words?.state) throw new Refused({});
  return words;
}

function read(request) {
  try {
    return JSON.parse(request.responseText);
  } catch {
    return null;
  }
}
