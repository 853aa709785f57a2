// What shows the tags of an entry, and which one may be meant.

// The words that show a tag, while one points at its chip.
function mark(event, isShown) {
    const chip = event.target.closest?.(".entry .chip");
    if (!chip) return;
    for (const word of chip.closest(".entry").querySelectorAll("mark[data-tag]")) {
        word.classList.toggle("is-shown", isShown && word.dataset.tag.split(" ").includes(chip.dataset.tag));
        word.classList.toggle("is-named", isShown && (word.dataset.name ?? "").split(" ").includes(chip.dataset.tag));
    }
}
for (const [type, isShown] of [["mouseover", true], ["mouseout", false], ["focusin", true], ["focusout", false]]) {
    document.addEventListener(type, (event) => mark(event, isShown));
}

// Suggestions for a tag that is typed.
const { suggest } = document.getElementById("entry-script").dataset;
let waiting;
document.addEventListener("input", (event) => {
    const field = event.target;
    if (!field.matches(".entry-form.tag input[list]")) return;
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
        const response = await fetch(`${suggest}?q=${encodeURIComponent(field.value)}`, { headers: { "X-Fragment": "1" } }).catch(() => null);
        if (response?.ok && field.list) field.list.innerHTML = await response.text();
    }, 200);
});
