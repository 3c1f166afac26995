// One file on its way in, in parts that can be resumed (the core of tus 1.0).
// Knows nothing of the page: it reports progress, and ends with an answer or an error.

const PAUSES = [1, 2, 4, 8, 15, 30, 60, 60];  // seconds between tries without success
const SILENCE = 60_000;  // milliseconds without a byte sent
const CHECKING = 300_000;  // milliseconds for the server to open a big picture
const GONE = [404, 409, 410];

// The server said no: in its own sentence, or else in the word to show.
class Refused extends Error {
  constructor(sentence, word = "strange", canRetry = true) {
    super(sentence);
    Object.assign(this, { word, canRetry });
  }
}

// No answer, or one that says "later".
class Lost extends Error {}

// The same file of the same person again.
export function fingerprint({ name, size, lastModified }) {
  let hash = 0;
  for (const letter of name) hash = Math.imul(hash, 31) + letter.codePointAt(0) | 0;
  return [hash >>> 0, size, lastModified].join("-");
}

const offsetIn = (answer) => Number(answer.header("Upload-Offset"));
const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

export class Transfer {
  // `facts` go along with the file; `onSent` hears bytes, `onState` a word.
  constructor(file, options) {
    Object.assign(this, { file, place: null, offset: null, ...options });
  }

  // The server's last word on the file. Throws Refused, or Lost after many tries.
  async run() {
    this.failures = 0;
    while (!this.stopped) {
      try {
        const answer = await this.step();
        if (answer) return answer;
      } catch (error) {
        if (!(error instanceof Lost) || this.failures === PAUSES.length) throw error;
        this.offset = null;
        this.onState(error.message);
        await pause(PAUSES[this.failures++]);
      }
    }
    throw new Lost();
  }

  async step() {
    if (!this.place) return this.create();
    if (this.offset !== null) return this.send();
    const answer = await this.ask("HEAD", this.place);
    if (answer.status < 400) this.offset = offsetIn(answer);
    else this.place = null;
    return null;
  }

  async create() {
    this.onState("preparing");
    const facts = { ...this.facts, filename: this.file.name, fingerprint: fingerprint(this.file) };
    const answer = await this.ask("POST", this.url, {
      "Upload-Length": this.file.size,
      "Upload-Metadata": Object.entries(facts).map(([key, value]) => `${key} ${base64(value)}`).join(","),
    });
    this.place = answer.header("Location");
    this.offset = offsetIn(answer);
    return this.place ? null : ended(answer);
  }

  async send() {
    const start = this.offset;
    this.onSent(start);
    const answer = await this.ask("PATCH", this.place, {
      "Content-Type": "application/offset+octet-stream", "Upload-Offset": start,
    }, this.file.slice(start, start + this.partBytes), (sent) => this.onSent(start + sent));
    if (GONE.includes(answer.status)) this.offset = null;
    else if (answer.status !== 204) return ended(answer);
    else {
      this.offset = offsetIn(answer);
      this.failures = 0;
    }
    return null;
  }

  async dismiss() {
    this.stopped = true;
    this.request?.abort();
    if (this.place) await this.ask("DELETE", this.place).catch(() => {});
  }

  async ask(method, url, headers, body, onSent) {
    const request = await this.exchange(method, url, headers, body, onSent);
    const { status, responseURL, response: words } = request;
    const header = (name) => request.getResponseHeader(name);
    const answer = { status, header, words };
    if (new URL(responseURL).pathname !== new URL(url, responseURL).pathname) throw new Refused("", "signed_out");
    if (status < 400 || words?.state) return answer;
    if (header("Retry-After")) throw new Lost("busy");
    if (method !== "POST" && GONE.includes(status)) return answer;
    if (status === 408 || status >= 500 && status !== 507) throw new Lost("reconnecting");
    const word = [401, 403].includes(status) ? "signed_out" : "strange";
    throw new Refused(words?.sentence ?? "", word, ![404, 413, 415, 422].includes(status));
  }

  exchange(method, url, headers, body = null, onSent = null) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      let timer;
      const patience = (time) => {
        clearTimeout(timer);
        timer = setTimeout(() => request.abort(), time);
      };
      this.request = request;
      request.open(method, url);
      request.responseType = "json";
      for (const [name, value] of Object.entries({ "Tus-Resumable": "1.0.0", "X-CSRFToken": this.token, ...headers })) {
        request.setRequestHeader(name, value);
      }
      request.upload.onprogress = ({ loaded }) => {
        patience(SILENCE);
        onSent?.(loaded);
      };
      request.upload.onload = () => patience(CHECKING);
      request.onload = () => resolve(request);
      request.onerror = request.onabort = () => reject(new Lost("reconnecting"));
      request.onloadend = () => clearTimeout(timer);
      patience(SILENCE);
      request.send(body);
    });
  }
}

function pause(seconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, seconds * 1000);
    addEventListener("online", resolve, { once: true });
  });
}

function ended({ words }) {
  if (!words?.state) throw new Refused("");
  return words;
}
