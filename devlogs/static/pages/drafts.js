// What is typed is kept in this browser until it is saved: for each user and each tab by itself. A new tab takes over
// what one that was closed has left; that a tab is open is known by the lock that it holds.
const PATIENCE = 300;

function hold(key) {
    if (!navigator.locks) return Promise.resolve(true);
    return new Promise((resolve) => {
        const forever = () => new Promise(() => resolve(true));
        navigator.locks.request(key, { signal: AbortSignal.timeout(PATIENCE) }, forever).catch(() => resolve(false));
    });
}

const read = (key) => JSON.parse(localStorage.getItem(key) ?? "null");

async function left(prefix) {
    if (!navigator.locks) return null; // without them nobody knows which tabs are open
    const held = new Set((await navigator.locks.query()).held.map((lock) => lock.name));
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(prefix) && !held.has(key));
    return keys.sort((one, other) => read(other).at - read(one).at)[0];
}

async function keyOf(prefix) {
    let key = sessionStorage.getItem("draft");
    if (key?.startsWith(prefix) && (await hold(key))) return key; // not so in a tab that is the copy of another
    key = await left(prefix);
    if (!key || !(await hold(key))) {
        key = `${prefix}${Date.now()}.${Math.random()}`;
        hold(key);
    }
    sessionStorage.setItem("draft", key);
    return key;
}

// Put back what was typed, and keep it from now on; the function returned keeps it as it stands.
export async function keepDraft(form) {
    const { entry, is_private: isPrivate } = form.elements;
    const key = await keyOf(`draft:${form.dataset.owner}:`);
    const draft = read(key);
    if (draft && draft.text !== entry.value) {
        entry.value = [draft.text, entry.value].filter(Boolean).join("\n\n");
        isPrivate.checked ||= draft.isPrivate;
    }
    const keep = () => {
        const now = { text: entry.value, isPrivate: isPrivate.checked, at: Date.now() };
        if (now.text) localStorage.setItem(key, JSON.stringify(now));
        else localStorage.removeItem(key);
    };
    keep();
    form.addEventListener("input", keep);
    // What the query put into the box is a draft now: it does not come once more.
    if (/[?&](example|new)=/.test(location.search)) history.replaceState(null, "", location.pathname);
    return keep;
}
