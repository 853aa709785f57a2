// Has the figures of the queue's page drawn anew every few seconds, as long as somebody looks at them.
const KEPT = "queue-refresh-seconds";
const figures = document.getElementById("figures");
const choice = document.getElementById("refresh");
const trouble = document.getElementById("refresh-trouble");
let etag = "";
let timer = 0;
let asking = null;

function remembered() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null; // where a browser lets no page keep anything
  }
}

function remember(seconds) {
  try {
    localStorage.setItem(KEPT, seconds);
  } catch {
    // then it holds for this page alone
  }
}

function later() {
  clearTimeout(timer);
  const seconds = Number(choice.value);
  if (seconds && !document.hidden) timer = setTimeout(refresh, 1000 * seconds);
}

function stop(words) {
  clearTimeout(timer);
  choice.value = "0";
  trouble.textContent = words;
}

async function refresh() {
  clearTimeout(timer);
  if (asking || document.hidden) return;
  asking = new AbortController();
  const limit = setTimeout(() => asking.abort(), 30000);
  try {
    const headers = etag ? { "X-Fragment": "1", "If-None-Match": etag } : { "X-Fragment": "1" };
    const answer = await fetch(location.href, { headers, signal: asking.signal, cache: "no-store" });
    if (answer.redirected || answer.status === 403) return stop(trouble.dataset.login);
    if (answer.ok) {
      show(await answer.text());
      etag = answer.headers.get("ETag") ?? "";
    }
    say(answer.ok || answer.status === 304 ? "" : trouble.dataset.away);
  } catch {
    say(trouble.dataset.away);
  } finally {
    clearTimeout(limit);
    asking = null;
  }
  later();
}

// Nothing is said twice: a reader's voice would repeat it every few seconds.
function say(words) {
  if (trouble.textContent !== words) trouble.textContent = words;
}

// Put the new figures in place; what is open, focused or typed stays so.
function show(html) {
  const open = [...figures.querySelectorAll("details[open]")].map((each) => each.id);
  const typed = [...figures.querySelectorAll("input[type=text]")].map((each) => [each.id, each.value]);
  const scrolled = [...figures.querySelectorAll(".queue-wide")].map((each) => each.scrollLeft);
  const focused = figures.contains(document.activeElement) ? document.activeElement : null;
  const place = focused && placeOf(focused);
  const selection = focused?.type === "text" ? [focused.selectionStart, focused.selectionEnd] : null;
  figures.innerHTML = html;
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  for (const [id, value] of typed) {
    const input = document.getElementById(id);
    if (input) input.value = value;
  }
  figures.querySelectorAll(".queue-wide").forEach((each, at) => { each.scrollLeft = scrolled[at] ?? 0; });
  const again = place && figures.querySelector(place);
  again?.focus({ preventScroll: true });
  if (again && selection) again.setSelectionRange(...selection);
}

function placeOf(element) {
  if (element.id) return `#${CSS.escape(element.id)}`;
  const details = element.closest("details");
  return details ? `#${CSS.escape(details.id)} > summary` : null;
}

choice.value = remembered() ?? choice.value;
if (!choice.value) choice.value = "15"; // what was kept is offered no more
choice.closest("label").hidden = false;
choice.addEventListener("change", () => {
  remember(choice.value);
  trouble.textContent = "";
  later();
});
document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : Number(choice.value) && refresh()));
later();
