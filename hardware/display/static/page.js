// Shows what the till says. Every text goes in as text, never as markup; the only picture is the receipt's code.
const RETRY_MS = 1000;
const at = (id) => document.getElementById(id);

function element(name, kind, text) {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  made.textContent = text;
  return made;
}

function line(shown) {
  const item = document.createElement("li");
  item.append(
    element("span", "quantity", shown.quantity),
    element("span", "text", shown.text),
    element("span", "amount", shown.amount),
  );
  return item;
}

function sum([label, amount]) {
  const row = document.createElement("div");
  row.append(element("dt", "", label), element("dd", "", amount));
  return row;
}

function show(state) {
  document.documentElement.lang = state.language;
  document.body.dataset.shows = state.lines.length || state.sums.length ? "sale" : "greeting";
  at("title").textContent = state.title;
  at("note").textContent = state.note;
  at("mark").textContent = state.mark;
  at("mark").hidden = !state.mark;
  at("lines").replaceChildren(...state.lines.map(line));
  at("sums").replaceChildren(...state.sums.map(sum));
  at("receipt").hidden = !state.qr;
  if (state.qr) at("code").src = `/qr.svg?state=${state.number}`;
  at("code").alt = at("qr-note").textContent = state.qr_note;
}

async function follow() {
  for (let number = -1; ; ) {
    try {
      const answer = await fetch(`/state?after=${number}`, { cache: "no-store" });
      if (!answer.ok) throw new Error(answer.statusText);
      const state = await answer.json();
      // A till that was started anew counts anew.
      if (state.number !== number) show(state);
      number = state.number;
    } catch {
      // The till is off or starting. Yesterday's basket must not stay on the screen.
      show({ language: "en", title: "", note: "", mark: "", lines: [], sums: [], qr: false, qr_note: "", number });
      number = -1;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

follow();
