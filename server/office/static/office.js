// Head office's only script. Every page works without it; it makes them quicker: search while typing, refresh of a part,
// rows that open with a click, the sum of the marked, popovers that close, suggestions under a search field.

const SEARCH_WAIT_MS = 220;
document.documentElement.classList.add("script");

const busy = new Map();

async function swap(url, { push = false, only = "" } = {}) {
  const key = only || "all";
  busy.get(key)?.abort();
  const control = new AbortController();
  busy.set(key, control);
  const regions = [...document.querySelectorAll("[data-region]")];
  regions.forEach((region) => region.classList.add("busy"));
  try {
    const answer = await fetch(url, { signal: control.signal, headers: { "X-Requested-With": "office" }, credentials: "same-origin" });
    if (answer.redirected && new URL(answer.url).pathname === "/sign-in") { location.assign(url); return; }
    if (!answer.ok) { location.assign(url); return; }
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const region of regions) {
      const next = fresh.querySelector(`[data-region="${CSS.escape(region.dataset.region)}"]`);
      if (next) place(region, next);
    }
    if (push) history.replaceState(null, "", answer.redirected ? answer.url : url);
    prepare();
  } catch (error) {
    if (error.name !== "AbortError") console.warn(error.message);
  } finally {
    document.querySelectorAll("[data-region].busy").forEach((region) => region.classList.remove("busy"));
    if (busy.get(key) === control) busy.delete(key);
  }
}

// Put a fresh region in place of the old one, but keep what the user is typing into and what is marked.
function place(old, fresh) {
  const field = document.activeElement?.matches?.("[data-search]") && old.contains(document.activeElement) ? document.activeElement : null;
  const marked = new Set([...old.querySelectorAll("[data-mark]:checked")].map((box) => box.value));
  const next = document.importNode(fresh, true);
  next.querySelectorAll("[data-mark]").forEach((box) => { if (marked.has(box.value)) box.checked = true; });
  if (field) {
    const start = field.selectionStart;
    const text = field.value;
    old.replaceWith(next);
    const again = next.querySelector("[data-search]");
    if (again) { again.value = text; again.focus(); again.setSelectionRange(start, start); }
  } else {
    old.replaceWith(next);
  }
}

function formAddress(form) {
  const url = new URL(form.action, location.href);
  url.search = new URLSearchParams(new FormData(form)).toString();
  return url.href;
}

// search while typing
let waiting = 0;
document.addEventListener("input", (event) => {
  const form = event.target.closest?.("form[data-live]");
  if (!form) return;
  clearTimeout(waiting);
  waiting = setTimeout(() => swap(formAddress(form), { push: true, only: "live" }), SEARCH_WAIT_MS);
});
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("form[data-live]")) {
    event.preventDefault();
    clearTimeout(waiting);
    swap(formAddress(form), { push: true, only: "live" });
    return;
  }
  // A form is sent once, however often the button is pressed.
  if (form.method === "post") {
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    setTimeout(() => { delete form.dataset.sent; }, 3000);
  }
});

document.addEventListener("click", (event) => {
  const target = event.target;
  const refresh = target.closest?.("a[data-refresh]");
  if (refresh && !event.ctrlKey && !event.metaKey) { event.preventDefault(); swap(refresh.href); return; }
  const mover = target.closest?.("button[data-move]");
  if (mover) { move(mover); return; }
  for (const open of document.querySelectorAll("details.pop[open]")) if (!open.contains(target)) open.open = false;
  const row = target.closest?.("tr[data-href]");
  if (row && !target.closest("a, button, input, label, summary") && !getSelection().toString()) {
    if (event.ctrlKey || event.metaKey) window.open(row.dataset.href, "_blank", "noopener");
    else location.assign(row.dataset.href);
  }
});

function move(button) {
  const item = button.closest("li");
  const other = button.dataset.move === "-1" ? item.previousElementSibling : item.nextElementSibling;
  if (!other) return;
  if (button.dataset.move === "-1") other.before(item); else other.after(item);
  [...item.parentElement.children].forEach((li, index) => { li.querySelector(".place").value = index + 1; });
  button.focus();
}

// keys: / searches, Esc closes
document.addEventListener("keydown", (event) => {
  const typing = event.target.matches?.("input, textarea, select");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const field = document.querySelector("[data-search]");
    if (field) { event.preventDefault(); field.focus(); field.select(); }
  }
  if (event.key === "Escape") {
    const open = document.querySelector("details.pop[open]");
    if (open) { open.open = false; open.querySelector("summary").focus(); }
  }
});

// the sum of the marked rows of this page
document.addEventListener("change", (event) => {
  if (event.target.matches?.("[data-mark-all]")) {
    event.target.closest("table").querySelectorAll("[data-mark]").forEach((box) => { box.checked = event.target.checked; });
  }
  if (event.target.matches?.("[data-mark], [data-mark-all]")) addMarked(event.target.closest("[data-region]"));
  if (event.target.matches?.("[data-submit]")) event.target.form.requestSubmit();
});

function addMarked(region) {
  const boxes = [...region.querySelectorAll("[data-mark]")];
  boxes.forEach((box) => box.closest("tr").classList.toggle("marked", box.checked));
  const told = region.querySelector("[data-marked]");
  if (!told) return;
  const marked = boxes.filter((box) => box.checked);
  if (!marked.length) { told.textContent = ""; return; }
  const labels = told.dataset.sumLabels ? told.dataset.sumLabels.split("|") : [];
  const parts = [];
  told.dataset.sums.split(",").forEach((name, index) => {
    const perCurrency = new Map();
    for (const box of marked) {
      const minor = Number(box.getAttribute(`data-sum-${name}`));
      perCurrency.set(box.dataset.currency, (perCurrency.get(box.dataset.currency) ?? 0) + minor);
    }
    for (const [currency, minor] of perCurrency) parts.push((labels[index] ? `${labels[index]} ` : "") + amount(minor, currency, told.dataset.language));
  });
  told.replaceChildren(`${marked.length} ${told.dataset.label}: `, Object.assign(document.createElement("strong"), { textContent: parts.join(" · ") }));
}

// Whole minor units become text without passing through a fraction that could be off by a cent.
function amount(minor, currency, language) {
  const locale = { en: "en-IE", de: "de-DE", nl: "nl-NL" }[language] ?? language;
  const format = new Intl.NumberFormat(locale, { style: "currency", currency: currency || "EUR" });
  const digits = format.resolvedOptions().maximumFractionDigits;
  const text = String(Math.abs(minor)).padStart(digits + 1, "0");
  const decimal = digits ? `${text.slice(0, -digits)}.${text.slice(-digits)}` : text;
  return format.format((minor < 0 ? "-" : "") + decimal);
}

// refresh by itself, unless someone is in the middle of something
function everySoOften() {
  const marker = document.querySelector("[data-every]");
  if (!marker || document.hidden) return;
  if (document.querySelector("details.pop[open], [data-mark]:checked") || document.activeElement?.matches?.("input, select, textarea")) return;
  swap(location.href);
}
function startClock() {
  const marker = document.querySelector("[data-every]");
  if (marker) setInterval(everySoOften, Math.max(Number(marker.dataset.every), 2) * 1000);
}

// suggestions under a field: articles and customers
function prepareSuggest(box) {
  if (box.dataset.ready) return;
  box.dataset.ready = "1";
  const field = box.querySelector("input");
  const list = document.createElement("ul");
  list.className = "found"; list.hidden = true; list.id = `${field.id}-found`;
  list.setAttribute("role", "listbox");
  field.setAttribute("role", "combobox");
  field.setAttribute("aria-controls", list.id);
  field.setAttribute("aria-expanded", "false");
  field.setAttribute("aria-autocomplete", "list");
  box.append(list);
  let timer = 0; let control = null; let at = -1;
  const items = () => [...list.querySelectorAll('li[role="option"]')];
  const close = () => { list.hidden = true; field.setAttribute("aria-expanded", "false"); field.removeAttribute("aria-activedescendant"); at = -1; };
  const point = (index) => {
    const all = items();
    if (!all.length) return;
    at = (index + all.length) % all.length;
    all.forEach((item, place) => item.setAttribute("aria-selected", String(place === at)));
    field.setAttribute("aria-activedescendant", all[at].id);
    all[at].scrollIntoView({ block: "nearest" });
  };
  const choose = (item) => {
    field.value = item.dataset.value;
    const shown = box.dataset.shows && document.getElementById(box.dataset.shows);
    if (shown) shown.textContent = item.dataset.label;
    close();
    const button = box.dataset.press && document.getElementById(box.dataset.press);
    if (button) field.form.requestSubmit(button);
  };
  field.addEventListener("input", () => {
    clearTimeout(timer);
    const text = field.value.trim();
    if (text.length < 2) { close(); return; }
    timer = setTimeout(async () => {
      control?.abort(); control = new AbortController();
      try {
        const url = `${box.dataset.from}?q=${encodeURIComponent(text)}`;
        const answer = await fetch(url, { signal: control.signal, credentials: "same-origin" });
        if (!answer.ok) { close(); return; }
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        list.replaceChildren(...[...fresh.querySelectorAll("li")].map((item) => document.importNode(item, true)));
        items().forEach((item, index) => { item.id = `${list.id}-${index}`; });
        list.hidden = false; at = -1;
        field.setAttribute("aria-expanded", "true");
      } catch (error) { if (error.name !== "AbortError") close(); }
    }, SEARCH_WAIT_MS);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" && !list.hidden) { event.preventDefault(); point(at + 1); }
    else if (event.key === "ArrowUp" && !list.hidden) { event.preventDefault(); point(at - 1); }
    else if (event.key === "Escape" && !list.hidden) { event.preventDefault(); close(); }
    else if (event.key === "Enter") {
      clearTimeout(timer);
      if (!list.hidden && at >= 0) { event.preventDefault(); choose(items()[at]); }
      else if (box.dataset.press) {
        // A scanner types the code and Enter: that adds the article, it does not send the whole form.
        event.preventDefault();
        if (field.value.trim()) field.form.requestSubmit(document.getElementById(box.dataset.press));
      }
    }
  });
  field.addEventListener("blur", () => setTimeout(close, 150));
  list.addEventListener("mousedown", (event) => {
    const item = event.target.closest('li[role="option"]');
    if (item) { event.preventDefault(); choose(item); }
  });
}

function prepare() {
  document.querySelectorAll("[data-suggest]").forEach(prepareSuggest);
  document.querySelectorAll("[data-region]").forEach((region) => { if (region.querySelector("[data-mark]:checked")) addMarked(region); });
  document.querySelectorAll("button[data-print]").forEach((button) => { button.onclick = () => window.print(); button.hidden = false; });
  document.querySelectorAll("button[data-copy]").forEach((button) => {
    button.hidden = !navigator.clipboard;
    button.onclick = async () => { await navigator.clipboard.writeText(button.dataset.copy); button.textContent = button.dataset.done; };
  });
}

prepare();
startClock();
