// Single letters as keys. Never while somebody types, and never with Ctrl, Alt or Meta, which belong to the browser.
const dialog = document.getElementById("keys");
const isOn = document.getElementById("keys-on");

const focus = (id) => document.getElementById(id).focus();

function move(step) {
    const entries = [...document.querySelectorAll(".entry")];
    const at = entries.indexOf(document.activeElement.closest(".entry"));
    entries[at + step]?.focus();
}

const keys = {
    n: () => focus("id_entry"),
    "/": () => focus("q"),
    j: () => move(1),
    k: () => move(-1),
    "?": () => dialog.showModal(),
};

document.addEventListener("keydown", (event) => {
    const isTyped = event.target.closest("input, textarea, select, dialog, [contenteditable]");
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || isTyped) return;
    if (!isOn.checked || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
});

document.getElementById("show-keys").addEventListener("click", () => dialog.showModal());
isOn.checked = localStorage.getItem("keys") !== "off";
isOn.addEventListener("change", () => localStorage.setItem("keys", isOn.checked ? "on" : "off"));
