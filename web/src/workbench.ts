// The workbench: an editor, its tabs and examples, a query that runs and can be stopped, and its answer.

import { Editor } from "./editor";
import { parseRows, parseTriples, type Rows, said, showChart, showGraph, showRaw, showTable } from "./results";
import { Tabs } from "./tabs";
import { Vocabulary } from "./vocabulary";

interface Found {
  rows: Rows | boolean;
  body: string;
}

const VIEWED = 1000; // rows asked for while looking; the download has no such limit
const ACCEPT = "application/sparql-results+json, application/n-triples;q=0.9";

const bench = need<HTMLElement>("#bench");
const run = need<HTMLButtonElement>("#run");
const cancel = need<HTMLButtonElement>("#cancel");
const share = need<HTMLButtonElement>("#share");
const clock = need<HTMLElement>("#clock");
const status = need<HTMLElement>("#status");
const banner = need<HTMLElement>("#banner");
const views = need<HTMLElement>("#views");
const output = need<HTMLElement>("#output");
const plain = need<HTMLTextAreaElement>("#query");
const edition = bench.dataset["edition"] ?? "";

const vocabulary = new Vocabulary();
let running: { stop: () => void } | null = null;
let found: Found | null = null;
let view = "table";

const tabs = new Tabs(need("#tabs"), plain.value, (text) => editor.open(text));
const editor = new Editor(need("#editor"), vocabulary, () => void start(), stop, (text) => tabs.save(text));
document.body.classList.add("scripted");
editor.open(tabs.text);
openFromAddress();
void vocabulary.load().then(() => found && show());

run.addEventListener("click", () => void start());
cancel.addEventListener("click", stop);
share.addEventListener("click", () => void shareLink());
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && !event.defaultPrevented) void start();
  if (event.key === "Escape" && stop()) event.preventDefault();
});
for (const each of views.querySelectorAll<HTMLButtonElement>("button")) {
  each.addEventListener("click", () => {
    view = each.dataset["view"] ?? "table";
    show();
  });
}
for (const each of document.querySelectorAll<HTMLAnchorElement>("a[data-example]")) {
  each.addEventListener("click", (event) => {
    event.preventDefault();
    tabs.add(each.dataset["example"] ?? "Example", new URL(each.href).searchParams.get("query") ?? "");
    editor.view.focus();
  });
}

// The drawer of examples: folded where it would stand between the editor and the rest, filtered by what is typed.
const drawer = need<HTMLDetailsElement>(".drawer");
drawer.open = !matchMedia("(max-width: 56rem)").matches;
const sought = need<HTMLInputElement>("#sought");
sought.addEventListener("input", () => {
  const wanted = sought.value.trim().toLowerCase();
  for (const shelf of drawer.querySelectorAll<HTMLElement>(".shelf")) {
    const examples = [...shelf.querySelectorAll("li")];
    for (const each of examples) each.hidden = !each.textContent?.toLowerCase().includes(wanted);
    shelf.hidden = examples.every((each) => each.hidden);
  }
});

async function start(): Promise<void> {
  stop();
  editor.unmark();
  const id = `web-${crypto.getRandomValues(new Uint32Array(2)).join("")}`;
  const controller = new AbortController();
  const began = performance.now();
  const timer = setInterval(() => (clock.textContent = `${((performance.now() - began) / 1000).toFixed(1)} s`), 100);
  const mine = {
    stop: () => {
      controller.abort();
      void cancelled(id);
    },
  };
  running = mine;
  busy(true);
  try {
    const answer = await fetch("/sparql", {
      method: "POST",
      headers: { Accept: ACCEPT, "X-KetaGraph-Query-Id": id },
      body: new URLSearchParams({ query: editor.text, "max-rows": String(VIEWED) }),
      signal: controller.signal,
    });
    const body = await answer.text();
    if (answer.ok) succeed(answer, body, performance.now() - began);
    else fail(body, answer.status);
  } catch (error) {
    tell(controller.signal.aborted ? "Cancelled." : `The transfer broke off: ${String(error)}`, true);
  } finally {
    clearInterval(timer);
    if (running === mine) {
      running = null;
      busy(false);
    }
  }
}

function stop(): boolean {
  const was = running;
  was?.stop();
  return was !== null;
}

// The server stops a query when its reader leaves; asking it besides tells whether there was one left to stop.
async function cancelled(id: string): Promise<void> {
  const answer = await fetch(`/queries/${id}`, { method: "DELETE" }).catch(() => null);
  if (running) return; // The next query is running by now, and its status counts.
  tell(answer?.ok ? "Cancelled: the query was stopped on the server." : "Cancelled: nothing was running on the server any more.", true);
}

function busy(on: boolean): void {
  run.disabled = on;
  cancel.hidden = !on;
  clock.hidden = !on;
  output.setAttribute("aria-busy", String(on));
}

function succeed(answer: Response, body: string, milliseconds: number): void {
  const json = (answer.headers.get("content-type") ?? "").includes("json");
  const rows = json ? parseRows(body) : parseTriples(body);
  found = { rows, body };
  const count = typeof rows === "boolean" ? String(rows) : `${rows.rows.length} ${json ? "rows" : "triples"}`;
  tell(`${count} in ${Math.round(milliseconds)} ms`, false);
  const cut = answer.headers.get("x-ketagraph-truncated") === "true" || /"truncated":\{"maxRows":\d+\}\}$/.test(body.slice(-60));
  banner.hidden = !cut;
  if (cut) warnOfCut(json);
  show();
}

function warnOfCut(json: boolean): void {
  const link = document.createElement("a");
  const format = json ? "csv" : "ntriples";
  link.href = `/sparql?${new URLSearchParams({ query: editor.text, format })}`;
  link.download = json ? "answer.csv" : "answer.nt";
  link.textContent = `Download all (at most ${bench.dataset["rows"]})`;
  banner.replaceChildren(said(`There are more: only the first ${VIEWED} are shown.`), link);
}

function fail(body: string, code: number): void {
  found = null;
  banner.hidden = true;
  output.replaceChildren();
  let problem: { title?: string; detail?: string; excerpt?: string; line?: number; column?: number } = {};
  try {
    problem = JSON.parse(body) as typeof problem;
  } catch {
    problem = { detail: body.slice(0, 500) };
  }
  tell(`${problem.title ?? `Error ${code}`}: ${problem.detail ?? ""}`, true);
  if (problem.excerpt) showRaw(output, problem.excerpt);
  if (problem.line) editor.mark(problem.line, problem.column ?? 1, problem.detail ?? "");
}

function tell(text: string, bad: boolean): void {
  status.textContent = text;
  status.className = bad ? "note bad" : "muted";
}

function show(): void {
  for (const each of views.querySelectorAll("button")) each.setAttribute("aria-pressed", String(each.dataset["view"] === view));
  output.replaceChildren();
  if (!found) return;
  views.hidden = false;
  if (view === "raw") showRaw(output, found.body);
  else if (typeof found.rows === "boolean") output.append(said(found.rows ? "Yes." : "No."));
  else if (view === "chart") showChart(output, found.rows, vocabulary);
  else if (view === "graph") void showGraph(output, found.rows, vocabulary);
  else showTable(output, found.rows, vocabulary);
}

// A link carries the query in its fragment, which is not sent to the server, and the data it was made with.
async function shareLink(): Promise<void> {
  const address = `${location.origin}/workbench?build=${encodeURIComponent(edition)}#q=${encodeURIComponent(editor.text)}`;
  history.replaceState(null, "", address);
  try {
    await navigator.clipboard.writeText(address);
    tell("The link is in the clipboard and in the address bar.", false);
  } catch {
    tell("The link is in the address bar.", false);
  }
}

function openFromAddress(): void {
  const parameters = new URLSearchParams(location.search);
  const shared = new URLSearchParams(location.hash.slice(1)).get("q");
  const text = shared ?? parameters.get("query");
  if (text) tabs.add(shared === null ? "Edited" : "Shared", text);
  const build = parameters.get("build");
  if (build && edition && build !== edition) {
    banner.replaceChildren(said(`This link was made with other data (${build}); the graph is now ${edition}. Answers may differ.`));
    banner.hidden = false;
  }
}

function need<T extends Element>(selector: string): T {
  const element = document.querySelector<T>(selector);
  if (!element) throw new Error(`the page has no ${selector}`);
  return element;
}
