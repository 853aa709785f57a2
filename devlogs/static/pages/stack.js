// Copies the prompt, and shows the end of the calendar first: today.
const button = document.getElementById("stack-copy");
const calendar = document.getElementById("stack-calendar");

async function copy() {
    const status = document.getElementById("stack-copied");
    const text = document.getElementById("stack-prompt-text");
    status.textContent = "";
    try {
        await navigator.clipboard.writeText(text.value);
        status.textContent = button.dataset.copied;
    } catch {
        document.getElementById("stack-prompt").open = true;
        text.focus();
        text.select();
        status.textContent = button.dataset.refused;
    }
}

if (button) {
    button.hidden = false;
    button.addEventListener("click", copy);
}
if (calendar) {
    calendar.scrollLeft = calendar.scrollWidth;
}
