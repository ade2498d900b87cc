// Queries that are being worked on, kept in this browser only.

export interface Tab {
  name: string;
  text: string;
}
interface Kept {
  tabs: Tab[];
  current: number;
}

const KEY = "ketagraph-workbench";
const MOST = 30;

export class Tabs {
  private kept: Kept;

  constructor(
    private place: HTMLElement,
    fresh: string,
    private onOpen: (text: string) => void,
  ) {
    this.kept = read() ?? { tabs: [{ name: "Query 1", text: fresh }], current: 0 };
    this.show();
  }

  get text(): string {
    return this.kept.tabs[this.kept.current]?.text ?? "";
  }

  save(text: string): void {
    const tab = this.kept.tabs[this.kept.current];
    if (tab) tab.text = text;
    write(this.kept);
  }

  // Opens a query in a tab of its own, or goes to the tab that has it already.
  add(name: string, text: string): void {
    const found = this.kept.tabs.findIndex((tab) => tab.text === text);
    if (found < 0) {
      this.kept.tabs.push({ name, text });
      this.kept.tabs.splice(0, Math.max(0, this.kept.tabs.length - MOST));
    }
    this.open(found < 0 ? this.kept.tabs.length - 1 : found);
  }

  private open(number: number): void {
    this.kept.current = number;
    write(this.kept);
    this.show();
    this.onOpen(this.text);
  }

  private close(number: number): void {
    this.kept.tabs.splice(number, 1);
    if (!this.kept.tabs.length) this.kept.tabs.push({ name: "Query 1", text: "" });
    const { current, tabs } = this.kept;
    this.open(Math.min(current > number ? current - 1 : current, tabs.length - 1));
  }

  private show(): void {
    const fresh = button("+", "New tab");
    fresh.addEventListener("click", () => {
      this.kept.tabs.push({ name: `Query ${this.kept.tabs.length + 1}`, text: "" });
      this.open(this.kept.tabs.length - 1);
    });
    const shown = this.kept.tabs.map((tab, number) => {
      const item = document.createElement("li");
      const name = button(tab.name, "");
      if (number === this.kept.current) name.setAttribute("aria-current", "true");
      name.addEventListener("click", () => this.open(number));
      const end = button("×", `Close ${tab.name}`);
      end.addEventListener("click", () => this.close(number));
      item.append(name, end);
      return item;
    });
    const last = document.createElement("li");
    last.append(fresh);
    this.place.replaceChildren(...shown, last);
  }
}

function button(text: string, label: string): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "plain";
  made.textContent = text;
  if (label) made.setAttribute("aria-label", label);
  return made;
}

function read(): Kept | null {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "null") as Kept | null;
    const good = found?.tabs?.length && found.tabs.every((tab) => typeof tab.text === "string" && typeof tab.name === "string");
    return good ? { tabs: found.tabs, current: Math.min(Math.max(Number(found.current) || 0, 0), found.tabs.length - 1) } : null;
  } catch {
    return null; // Storage may be forbidden, or hold something else.
  }
}

function write(kept: Kept): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // Without storage the tabs last as long as the page.
  }
}
