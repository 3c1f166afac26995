// Keeps a page up to date through its one poll, the element #poller.

const FAST_FOR = 30_000;
const SLOW = 5_000;
const LONGEST_WAIT = 60_000;
const REMEMBERED = "update-by-itself";

const live = document.getElementById("live");
const toggle = document.getElementById("live-switch");
const trouble = document.getElementById("live-trouble");
const words = document.getElementById("live-words");

const started = Date.now();
let timer = 0;
let failures = 0;
let checked = new Date();
let opened = [];
let pressed = false;

const poller = () => document.getElementById("poller");
const isActive = () => poller().hasAttribute("hx-trigger");
const mayPoll = () => isActive() && toggle.checked && !document.hidden;

function wait() {
  const asked = Number(poller().dataset.interval) * 1000;
  const usual = Date.now() - started > FAST_FOR ? SLOW : Math.min(asked, SLOW);
  return Math.min(usual * 2 ** failures, LONGEST_WAIT);
}

function plan() {
  clearTimeout(timer);
  toggle.parentElement.hidden = !isActive();
  if (mayPoll()) timer = setTimeout(poll, wait());
}

function poll() {
  clearTimeout(timer);
  if (mayPoll()) window.htmx.trigger(poller(), "poll");
}

function stop(sentence) {
  trouble.textContent = sentence;
  poller().removeAttribute("hx-trigger");
  plan();
}

function failed() {
  failures += 1;
  const time = checked.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  trouble.textContent = live.dataset.unreachable.replace("{time}", time);
  plan();
}

function answered(xhr) {
  failures = 0;
  checked = new Date();
  trouble.textContent = "";
  // Only what has changed is said, so that a screen reader is not talked to death.
  const say = poller().dataset.say;
  if (xhr.status === 200 && words.textContent !== say) words.textContent = say;
  plan();
}

// By id, because the element itself is swapped with every change.
function asksForPoll({ detail }) {
  return detail.elt.id === "poller" || detail.target.id === "poller";
}

// A session that ended answers with the sign-in page.
function isSignedOut(xhr) {
  return xhr.status === 200 && !new URL(xhr.responseURL).pathname.endsWith("/progress/");
}

function settled() {
  for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
  // The button that was pressed may be gone.
  if (document.activeElement === document.body && pressed) document.getElementById("main").focus({ preventScroll: true });
  pressed = false;
}

// A browser that stores nothing forgets the choice.
function remembered(choice) {
  try {
    if (choice) localStorage.setItem(REMEMBERED, choice);
    return localStorage.getItem(REMEMBERED);
  } catch {
    return choice;
  }
}

if (live) {
  toggle.checked = remembered() !== "no";
  toggle.addEventListener("change", () => {
    remembered(toggle.checked ? "yes" : "no");
    poll();
    plan();
  });
  document.addEventListener("visibilitychange", () => {
    poll();
    if (document.hidden) clearTimeout(timer);
  });
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (asksForPoll(event) && isSignedOut(event.detail.xhr)) event.detail.shouldSwap = false;
    pressed = event.detail.requestConfig.verb === "post";
    opened = [...document.querySelectorAll("details[open][id]")].map((one) => one.id);
  });
  document.body.addEventListener("htmx:afterSettle", settled);
  document.body.addEventListener("htmx:afterRequest", (event) => {
    const { xhr, successful } = event.detail;
    if (!asksForPoll(event)) return;
    if (isSignedOut(xhr)) stop(live.dataset.signedOut);
    else if (successful) answered(xhr);
    else if (xhr.status === 403 || xhr.status === 404) stop(live.dataset.gone);
    else failed();
  });
  plan();
}
