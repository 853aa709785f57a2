// Cards whose tags are still being looked for: asked for again, less and less often, until all of them are final.
const FIRST = 1_000, FACTOR = 1.5, LONGEST = 30_000, MOST = 50;

const news = document.getElementById("news");
const days = document.getElementById("days");
let delay = FIRST;
let timer;

const unfinished = () => [...days.querySelectorAll(".entry:is([data-state=pending], [data-state=running])")].slice(0, MOST);

const isInUse = (card) =>
    card.getAttribute("aria-busy") === "true" ||
    card.querySelector("details[open], :focus") ||
    card.nextElementSibling?.matches(".entry-form");

function later() {
    clearTimeout(timer);
    if (document.hidden || !unfinished().length) return;
    timer = setTimeout(look, delay);
    delay = Math.min(delay * FACTOR, LONGEST);
}

async function look() {
    clearTimeout(timer);
    const cards = unfinished();
    if (document.hidden || !cards.length) return;
    const ids = cards.map((card) => card.id.replace("entry-", "")).join();
    try {
        const response = await fetch(`${days.dataset.cards}?ids=${ids}`, { headers: { "X-Fragment": "1" } });
        if (response.status === 401) {
            document.getElementById("logged-out").hidden = false;
            return;
        }
        if (response.ok) swap(cards, await response.text());
    } catch {
        // There is no connection: the next time.
    }
    later();
}

function swap(cards, html) {
    const template = document.createElement("template");
    template.innerHTML = html;
    const told = [];
    for (const card of cards.filter((each) => each.isConnected && !isInUse(each))) {
        const fresh = template.content.getElementById(card.id);
        if (!fresh) drop(card);
        else if (fresh.outerHTML !== card.outerHTML) {
            told.push(textOf(fresh));
            const hasFocus = document.activeElement === card;
            card.replaceWith(fresh);
            if (hasFocus) fresh.focus({ preventScroll: true });
        }
    }
    observer.takeRecords();
    tell(told.filter(Boolean).join(" "));
}

// It was deleted elsewhere; with it goes a day of which nothing else is left.
function drop(card) {
    const day = card.closest(".day");
    card.remove();
    if (day && !day.querySelector(".entry, .deleted")) day.remove();
}

function tell(text) {
    if (text) news.textContent = text;
}

// Say that a card is new here.
export function announce(card) {
    tell(textOf(card) || news.dataset.saved);
}

function textOf(card) {
    const { state } = card.dataset;
    if (state !== "done") return state === "failed" ? news.dataset.failed : "";
    const tags = [...card.querySelectorAll(".chip bdi")].map((tag) => tag.textContent).join(", ");
    return tags ? news.dataset.found.replace("{tags}", () => tags) : news.dataset.none;
}

function wake() {
    delay = FIRST;
    look();
}

// A new card, or one that was tagged again: whoever put it there.
const observer = new MutationObserver(wake);
observer.observe(days, { childList: true, subtree: true });
document.addEventListener("visibilitychange", wake);
later();
