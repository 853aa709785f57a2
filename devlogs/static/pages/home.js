// The box: an entry is saved and shown without leaving the page. Without this script a plain form does it.
import { keepDraft } from "./drafts.js";
import "./keys.js";
import { announce } from "./waiting.js";

const form = document.getElementById("new");
const box = form.elements.entry;
const error = document.getElementById("new-error");
const loggedOut = document.getElementById("logged-out");
const days = document.getElementById("days");
const draft = keepDraft(form);

for (const part of document.querySelectorAll(".script")) part.hidden = false;

// The newest one: somebody may have logged in in another tab since this page was opened.
const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]*)/)?.[1] ?? form.elements.csrfmiddlewaretoken.value;

function say(text, isWrong = true) {
    error.textContent = text;
    if (text && isWrong) box.setAttribute("aria-invalid", "true");
    else box.removeAttribute("aria-invalid");
}

async function send() {
    const body = new URLSearchParams(new FormData(form));
    body.set("csrfmiddlewaretoken", token());
    try {
        const response = await fetch(form.action, { method: "POST", body, headers: { "X-Fragment": "1" } });
        return { status: response.status, text: await response.text() };
    } catch {
        return { status: 0 };
    }
}

// Without its proof a form is refused before anybody asks who sent it: where both are gone, the login is what is missing.
async function isLoggedOut(status) {
    if (status !== 403) return status === 401;
    try {
        return (await fetch(`${days.dataset.cards}?ids=0`, { headers: { "X-Fragment": "1" } })).status === 401;
    } catch {
        return false;
    }
}

async function save() {
    if (form.getAttribute("aria-busy") === "true") return;
    form.setAttribute("aria-busy", "true");
    const sent = box.value;
    const { status, text } = await send();
    const isOut = await isLoggedOut(status);
    form.removeAttribute("aria-busy");
    loggedOut.hidden = !isOut;
    if (status === 201) saved(sent, text);
    else if (status === 400 || status === 429) say(text, status === 400);
    else if (isOut) say("");
    else say(status === 403 ? form.dataset.stale : form.dataset.failed, false);
}

function saved(sent, html) {
    say("");
    if (box.value.startsWith(sent)) box.value = box.value.slice(sent.length); // what was typed meanwhile stays
    draft.then((keep) => keep());
    const template = document.createElement("template");
    template.innerHTML = html;
    const day = template.content.querySelector(".day");
    const first = days.querySelector(".day");
    document.getElementById("empty")?.remove();
    announce(day.querySelector(".entry"));
    if (first?.dataset.day === day.dataset.day) first.querySelector("h2").after(...day.querySelectorAll(".entry"));
    else days.prepend(day);
}

form.addEventListener("submit", (event) => {
    event.preventDefault();
    save();
});

box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        form.requestSubmit();
    } else if (event.key === "Escape") box.blur();
});
