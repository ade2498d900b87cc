// An answer in, a table, a chart, a graph or the raw text out. Everything is put in by textContent.

import { compared, enhance } from "./tables";

export interface Term {
  type: string;
  value: string;
  "xml:lang"?: string;
  datatype?: string;
}
export type Row = Record<string, Term | undefined>;
export interface Rows {
  columns: string[];
  rows: Row[];
}
export interface Known {
  label(iri: string): string;
  curie(iri: string): string;
}

const SHOWN = 500; // rows put into the page at once
const BARS = 40;
const DRAWN = 150;
const NUMBER = /#(integer|decimal|double|float)$/;

export function parseRows(body: string): Rows | boolean {
  const found = JSON.parse(body) as { head: { vars?: string[] }; boolean?: boolean; results?: { bindings: Row[] } };
  if (found.boolean !== undefined) return found.boolean;
  return { columns: found.head.vars ?? [], rows: found.results?.bindings ?? [] };
}

// N-Triples as rows; the engine writes one statement a line (https://www.w3.org/TR/n-triples/).
export function parseTriples(body: string): Rows {
  const columns = ["subject", "predicate", "object"];
  const line = /^(\S+) (\S+) (.*) \.$/;
  const rows: Row[] = [];
  for (const each of body.split("\n")) {
    const found = line.exec(each);
    if (found) rows.push(Object.fromEntries(columns.map((name, place) => [name, term(found[place + 1] ?? "")])));
  }
  return { columns, rows };
}

function term(text: string): Term {
  if (text.startsWith("<")) return { type: "uri", value: unescaped(text.slice(1, -1)) };
  if (text.startsWith("_:")) return { type: "bnode", value: text };
  const found = /^"((?:[^"\\]|\\.)*)"(?:@(\S+)|\^\^<(.*)>)?$/s.exec(text);
  const made: Term = { type: "literal", value: unescaped(found?.[1] ?? text) };
  if (found?.[2]) made["xml:lang"] = found[2];
  if (found?.[3]) made.datatype = found[3];
  return made;
}

function unescaped(text: string): string {
  const plain: Record<string, string> = { t: "\t", n: "\n", r: "\r", b: "\b", f: "\f" };
  return text.replace(/\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))/gs, (_all, short, long, letter) =>
    short || long ? String.fromCodePoint(parseInt(short ?? long, 16)) : (plain[letter as string] ?? letter),
  );
}

export function showTable(place: HTMLElement, found: Rows, known: Known): void {
  const table = document.createElement("table");
  const head = table.createTHead().insertRow();
  for (const name of found.columns) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = name;
    head.append(cell);
  }
  const body = table.createTBody();
  for (const row of found.rows.slice(0, SHOWN)) addRow(body, row, found.columns, known);
  const frame = document.createElement("div");
  frame.className = "scroll";
  frame.tabIndex = 0;
  frame.setAttribute("role", "region");
  frame.setAttribute("aria-label", "Rows of the answer");
  frame.append(table);
  place.append(frame);
  if (found.rows.length > SHOWN) place.append(remaining(body, found, known));
  enhance(table);
}

function remaining(body: HTMLTableSectionElement, found: Rows, known: Known): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = `Show the other ${found.rows.length - SHOWN} rows`;
  button.addEventListener("click", () => {
    for (const row of found.rows.slice(SHOWN)) addRow(body, row, found.columns, known);
    button.remove();
  });
  return button;
}

function addRow(body: HTMLTableSectionElement, row: Row, columns: string[], known: Known): void {
  const made = body.insertRow();
  for (const name of columns) {
    const cell = made.insertCell();
    const value = row[name];
    if (value) cell.append(shown(value, known));
    if (value?.datatype && NUMBER.test(value.datatype)) cell.className = "num";
  }
}

function shown(value: Term, known: Known): Node {
  if (value.type !== "uri") {
    const text = document.createElement("span");
    text.textContent = value.value;
    text.title = value["xml:lang"] ?? value.datatype ?? "";
    return text;
  }
  const label = known.label(value.value);
  if (!/^https?:\/\//.test(value.value)) {
    const text = document.createElement("span");
    text.textContent = label;
    text.title = value.value;
    return text;
  }
  const link = document.createElement("a");
  link.textContent = label;
  link.title = value.value;
  link.href = `/term/${encodeURIComponent(known.curie(value.value))}`;
  return link;
}

export function showChart(place: HTMLElement, found: Rows, known: Known): void {
  const bars = charted(found, known);
  if (!bars.length) {
    place.append(said("A chart needs at least one column with values."));
    return;
  }
  const most = Math.max(...bars.map(([, value]) => Math.abs(value))) || 1;
  const [left, width, step] = [320, 960, 26];
  const drawing = svg("svg", { class: "chart", viewBox: `0 0 ${width} ${bars.length * step + 8}`, role: "img" });
  drawing.setAttribute("aria-label", bars.map(([name, value]) => `${name}: ${value}`).join("; "));
  bars.forEach(([name, value], number) => {
    const y = number * step + 4;
    const length = ((width - left - 80) * Math.abs(value)) / most;
    const text = svg("text", { x: left - 10, y: y + 15, "text-anchor": "end" });
    text.textContent = name.length > 40 ? `${name.slice(0, 39)}…` : name;
    const bar = svg("rect", { x: left, y, width: Math.max(length, 1), height: step - 8, rx: 3 });
    const told = svg("text", { x: left + length + 8, y: y + 15 });
    told.textContent = String(value);
    drawing.append(text, bar, told);
  });
  place.append(drawing);
}

// The first numeric column by the first other one, or how often each value of the first column occurs.
function charted(found: Rows, known: Known): [string, number][] {
  const isNumber = (name: string): boolean => found.rows.every((row) => NUMBER.test(row[name]?.datatype ?? ""));
  const value = found.rows.length ? found.columns.find(isNumber) : undefined;
  const named = found.columns.find((name) => name !== value);
  const word = (row: Row): string => (named && row[named] ? word_of(row[named], known) : "");
  if (value && named) return found.rows.slice(0, BARS).map((row) => [word(row), Number(row[value]?.value)]);
  const counts = new Map<string, number>();
  for (const row of found.rows) counts.set(word(row), (counts.get(word(row)) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || compared(a[0], b[0])).slice(0, BARS);
}

function word_of(value: Term, known: Known): string {
  return value.type === "uri" ? known.label(value.value) : value.value;
}

export async function showGraph(place: HTMLElement, found: Rows, known: Known): Promise<void> {
  const edges = drawnEdges(found);
  if (!edges.length) {
    place.append(said("A graph needs rows with two IRIs, or a CONSTRUCT."));
    return;
  }
  const kept = edges.slice(0, DRAWN);
  if (edges.length > kept.length) place.append(said(`The first ${kept.length} of ${edges.length} connections are drawn.`));
  const figure = document.createElement("figure");
  figure.className = "drawing tall";
  figure.setAttribute("role", "img");
  figure.setAttribute("aria-label", "Drawing of the answer; the table says the same in words");
  place.append(figure);
  const ids = [...new Set(kept.flatMap(([from, , to]) => [from, to]))];
  const { draw } = await import("./drawing");
  draw(
    figure,
    {
      nodes: ids.map((id) => ({ id, label: known.label(id) })),
      edges: kept.map(([from, label, to]) => ({ from, to, label: known.label(label) })),
    },
    false,
  );
}

function drawnEdges(found: Rows): [string, string, string][] {
  const triples = found.columns.join() === "subject,predicate,object";
  return found.rows.flatMap((row): [string, string, string][] => {
    const iris = found.columns.filter((name) => row[name]?.type === "uri");
    const values = iris.map((name) => row[name]?.value ?? "");
    if (triples) return values.length === 3 ? [[values[0] ?? "", values[1] ?? "", values[2] ?? ""]] : [];
    return values.slice(1).map((to, place) => [values[place] ?? "", iris[place + 1] ?? "", to]);
  });
}

export function showRaw(place: HTMLElement, body: string): void {
  const block = document.createElement("pre");
  block.tabIndex = 0;
  block.textContent = body.length > 2e6 ? `${body.slice(0, 2e6)}\n…` : body;
  place.append(block);
}

export function said(text: string): HTMLParagraphElement {
  const made = document.createElement("p");
  made.textContent = text;
  return made;
}

function svg(name: string, attributes: Record<string, string | number>): SVGElement {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}
