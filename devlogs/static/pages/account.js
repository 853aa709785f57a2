// A token that was made just now: copied by a button, and not made a second time by a reload.
const text = document.querySelector("#made");
const button = document.querySelector("#copy");

history.replaceState(null, "", text.closest(".made").querySelector("a").href);
text.addEventListener("focus", () => text.select());
text.focus();

if (navigator.clipboard) {
    button.hidden = false;
    button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(text.value);
        document.querySelector("#copied").textContent = button.dataset.done;
    });
}
