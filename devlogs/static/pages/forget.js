// What a person typed and did not save is forgotten once they have logged out or deleted everything: the message that
// says so names whose it was. A session that merely ran out says nothing, and their drafts wait for them.
for (const { dataset } of document.querySelectorAll("[data-forget]")) {
    const prefix = `draft:${dataset.forget}:`;
    for (const key of Object.keys(localStorage)) if (key.startsWith(prefix)) localStorage.removeItem(key);
}
