// A search box in, a combobox out, after https://www.w3.org/WAI/ARIA/apg/patterns/combobox/.

interface Hit {
  label: string;
  kind: string;
  href: string;
  via: string;
}

const PAUSE = 80; // milliseconds of rest before asking
let boxes = 0;

export function suggest(input: HTMLInputElement): void {
  const list = document.createElement("ul");
  list.id = `options-${++boxes}`;
  list.className = "options";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Suggestions");
  list.hidden = true;
  (input.closest(".seek") ?? input.parentElement ?? document.body).append(list);
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-expanded", "false");
  input.setAttribute("aria-controls", list.id);

  let hits: Hit[] = [];
  let chosen = -1;
  let timer = 0;
  let asked = 0;

  const close = (): void => {
    list.hidden = true;
    chosen = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const choose = (number: number): void => {
    chosen = number;
    [...list.children].forEach((each, place) => each.setAttribute("aria-selected", String(place === number)));
    if (number >= 0) input.setAttribute("aria-activedescendant", `${list.id}-${number}`);
    else input.removeAttribute("aria-activedescendant");
  };
  const show = (found: Hit[]): void => {
    // An answer may come after somebody has gone down to an option: that stays chosen.
    const kept = hits[chosen]?.href;
    hits = found;
    list.replaceChildren(...hits.map((hit, place) => option(hit, `${list.id}-${place}`)));
    choose(hits.findIndex((hit) => hit.href === kept));
    list.hidden = hits.length === 0;
    input.setAttribute("aria-expanded", String(hits.length > 0));
  };
  const ask = async (): Promise<void> => {
    const text = input.value.trim();
    const turn = ++asked;
    const found = text ? await fetched(text) : [];
    if (turn === asked) show(found);
  };

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(ask, PAUSE);
  });
  input.addEventListener("blur", () => setTimeout(close, 150));
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    if (list.hidden) return;
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step) {
      event.preventDefault();
      choose((chosen + step + hits.length + (chosen < 0 && step < 0 ? 1 : 0)) % hits.length);
    }
    const hit = hits[chosen];
    if (event.key === "Enter" && hit) {
      event.preventDefault();
      location.assign(hit.href);
    }
  });
}

async function fetched(text: string): Promise<Hit[]> {
  try {
    const answer = await fetch(`/suggest?q=${encodeURIComponent(text)}`);
    return answer.ok ? ((await answer.json()) as Hit[]) : [];
  } catch {
    return []; // The form still works.
  }
}

function option(hit: Hit, id: string): HTMLLIElement {
  const item = document.createElement("li");
  item.id = id;
  item.setAttribute("role", "option");
  item.setAttribute("aria-selected", "false");
  const name = document.createElement("span");
  name.textContent = hit.label;
  const kind = document.createElement("span");
  kind.className = "muted";
  kind.textContent = hit.via ? `${hit.via} · ${hit.kind}` : hit.kind;
  item.append(name, kind);
  item.addEventListener("mousedown", (event) => {
    event.preventDefault();
    location.assign(hit.href);
  });
  return item;
}
