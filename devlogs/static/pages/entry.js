// What one does with an entry, without leaving the page. Without this script each link and button leads to a page.
import "./tags.js";

const texts = document.getElementById("entry-script").dataset;
const actions = document.getElementById("actions");

// The newest one: somebody may have logged in in another tab since this page was opened.
function withToken(form) {
    const body = new URLSearchParams(new FormData(form));
    const token = document.cookie.match(/(?:^|; )csrftoken=([^;]*)/)?.[1];
    if (token) body.set("csrfmiddlewaretoken", token);
    return body;
}

// The part that a link, a button or a form belongs to: an entry, its form below it, or what is left of a deleted one.
const partOf = (element) => element.closest(".entry, .entry-form, .deleted");
const entryOf = (form) => (form.previousElementSibling?.matches(".entry") ? form.previousElementSibling : null);

function parsed(html) {
    const template = document.createElement("template");
    template.innerHTML = html.trim();
    return template.content.firstElementChild;
}

function fail(part, text) {
    part.removeAttribute("aria-busy");
    part.querySelector(".error.of-script")?.remove();
    const error = parsed('<p class="error of-script" role="alert"></p>');
    error.textContent = text;
    part.append(error);
}

// Ask for a part of a page; `plainly` is what is done where a whole page has to answer, as that of the login.
async function ask(part, url, body, plainly) {
    if (part.getAttribute("aria-busy") === "true") return null;
    part.setAttribute("aria-busy", "true");
    let response;
    try {
        response = await fetch(url, { method: body ? "POST" : "GET", body, headers: { "X-Fragment": "1" } });
    } catch {
        fail(part, texts.offline);
        return null;
    }
    if ([401, 403, 404].includes(response.status)) {
        plainly();
        return null;
    }
    const shown = response.status < 500 ? parsed(await response.text()) : null;
    part.removeAttribute("aria-busy");
    if (!shown) fail(part, texts.failed);
    return shown;
}

// Put what came where it belongs: a form below its entry, an entry in the place of what it was.
function put(part, shown, field) {
    if (shown.matches(".entry-form")) {
        const entry = part.matches(".entry-form") ? entryOf(part) : part;
        const open = part.matches(".entry-form") ? part : formOf(entry);
        if (open) open.replaceWith(shown);
        else entry.after(shown);
        shown.querySelector("textarea, input:not([type=hidden])").focus();
        return;
    }
    const entry = part.matches(".entry-form") ? entryOf(part) : part;
    if (part.matches(".entry-form") || shown.matches(".deleted")) formOf(entry)?.remove();
    if (part.matches(".entry-form") && part.isConnected) part.remove();
    (entry?.isConnected ? entry : document.getElementById(shown.id))?.replaceWith(shown);
    (shown.querySelector(field) ?? shown).focus();
    // What was brought back has another address: on its own page it is that of the page.
    if (shown.dataset.url && /^\/entries\/[0-9]+\/$/.test(location.pathname)) history.replaceState(null, "", shown.dataset.url);
}

const formOf = (entry) => (entry?.nextElementSibling?.matches(".entry-form") ? entry.nextElementSibling : null);

async function press(button, part) {
    const body = withToken(actions);
    if (button.name) body.append(button.name, button.value);
    const shown = await ask(part, button.formAction, body, () => {
        actions.action = button.formAction;
        if (button.name) actions.append(Object.assign(document.createElement("input"), { type: "hidden", name: button.name, value: button.value }));
        actions.submit();
    });
    if (shown) put(part, shown, button.matches(".off") ? ".add" : ".undo");
}

async function send(form, part) {
    const shown = await ask(part, form.action, withToken(form), () => form.submit());
    if (shown) put(part, shown, form.matches(".tag") ? ".add" : ".undo");
}

async function open(link, part) {
    const shown = await ask(part, link.href, null, () => location.assign(link.href));
    if (shown) put(part, shown, "");
}

function close(form) {
    const entry = entryOf(form);
    form.remove();
    entry?.focus();
}

document.addEventListener("click", (event) => {
    const target = event.target.closest("a, button");
    const part = target && partOf(target);
    if (!part || event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented) return;
    if (target.matches("[data-cancel]") && entryOf(part)) close(part);
    else if (target.matches("a[data-form]")) open(target, part);
    else if (target.matches("button[formaction][form=actions]") && actions) press(target, part);
    else return;
    event.preventDefault();
});

document.addEventListener("submit", (event) => {
    const part = partOf(event.target);
    // On a page of its own there is no entry to put the answer to: the browser sends the form.
    if (!part || (part.matches(".entry-form") && !entryOf(part))) return;
    event.preventDefault();
    send(event.target, part);
});

document.addEventListener("keydown", (event) => {
    const form = event.target.closest?.(".entry-form");
    if (!form || event.isComposing) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    // What was typed is not thrown away by a slip: only a form as it was opened closes.
    else if (event.key === "Escape" && entryOf(form) && [...form.elements].every((one) => one.value === (one.defaultValue ?? one.value))) close(form);
    else return;
    event.preventDefault();
    event.stopPropagation();
});
