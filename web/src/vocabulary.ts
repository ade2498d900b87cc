// What the graph calls things, for completion in the editor and for labels in the answers.

import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import type { EditorView } from "@codemirror/view";
import type { Known } from "./results";

interface Listed {
  prefixes: Record<string, string>;
  terms: [iri: string, label: string, kind: string, synonyms: string[]][];
  properties: [iri: string, count: number][];
}

const KEYWORDS = (
  "SELECT CONSTRUCT ASK DESCRIBE WHERE DISTINCT FILTER OPTIONAL UNION MINUS GRAPH BIND VALUES PREFIX LIMIT OFFSET EXISTS " +
  "NOT COUNT SUM MIN MAX AVG SAMPLE GROUP_CONCAT SEPARATOR STR LANG CONTAINS STRSTARTS REGEX BOUND COALESCE IF"
).split(" ");

export class Vocabulary implements Known {
  private labels = new Map<string, string>();
  private prefixes: [string, string][] = [];
  private options: Completion[] = [];

  async load(): Promise<void> {
    const answer = await fetch("/workbench/vocabulary.json");
    if (!answer.ok) return;
    const listed = (await answer.json()) as Listed;
    this.prefixes = Object.entries(listed.prefixes).sort((a, b) => b[1].length - a[1].length);
    for (const [iri, label] of listed.terms) this.labels.set(iri, label);
    this.options = [...KEYWORDS.map((word) => ({ label: word, type: "keyword", boost: -20 })), ...this.offered(listed)];
  }

  label(iri: string): string {
    return this.labels.get(iri) ?? this.curie(iri);
  }

  curie(iri: string): string {
    const found = this.prefixes.find(([, start]) => iri.startsWith(start));
    return found ? `${found[0]}:${iri.slice(found[1].length)}` : iri;
  }

  complete = (context: CompletionContext): CompletionResult | null => {
    const variable = context.matchBefore(/[?$]\w*/);
    if (variable) return { from: variable.from, options: variables(context.state.doc.toString(), variable.text) };
    const word = context.matchBefore(/[\w:-]+/);
    if (!word && !context.explicit) return null;
    return { from: word?.from ?? context.pos, options: this.options, validFor: /^[\w: -]*$/ };
  };

  private *offered(listed: Listed): Generator<Completion> {
    const counts = new Map(listed.properties);
    for (const [iri, count] of listed.properties) yield this.option(iri, this.label(iri), "property", `${count} uses`, 10);
    for (const [iri, label, kind, synonyms] of listed.terms) {
      if (counts.has(iri) || kind === "Claim") continue;
      yield this.option(iri, label, kind === "Class" ? "class" : "constant", this.curie(iri), 0);
      for (const name of synonyms) yield this.option(iri, name, "text", label, -5);
    }
    for (const iri of new Set([...counts.keys(), ...listed.terms.map(([each]) => each)])) {
      const curie = this.curie(iri);
      if (curie !== iri) yield this.option(iri, curie, "text", this.label(iri), -10);
    }
  }

  private option(iri: string, label: string, type: string, detail: string, boost: number): Completion {
    return { label, type, detail, boost, apply: (view, _option, from, to) => this.insert(view, iri, from, to) };
  }

  // The short form goes in, and its prefix at the top if it is not declared yet.
  private insert(view: EditorView, iri: string, from: number, to: number): void {
    const curie = this.curie(iri);
    const prefix = curie === iri ? "" : curie.slice(0, curie.indexOf(":"));
    const start = this.prefixes.find(([name]) => name === prefix)?.[1] ?? "";
    const safe = prefix && /^[A-Za-z0-9][\w-]*$/.test(curie.slice(prefix.length + 1));
    const text = safe ? curie : `<${iri}>`;
    const declared = new RegExp(`PREFIX\\s+${prefix.replace(".", "\\.")}:`, "i").test(view.state.doc.toString());
    const changes = [{ from, to, insert: text }];
    const line = `PREFIX ${prefix}: <${start}>\n`;
    if (safe && !declared) changes.unshift({ from: 0, to: 0, insert: line });
    const moved = safe && !declared ? line.length : 0;
    view.dispatch({ changes, selection: { anchor: from + moved + text.length }, userEvent: "input.complete" });
  }
}

function variables(text: string, typed: string): Completion[] {
  const found = new Set(text.match(/[?$]\w+/g) ?? []);
  found.delete(typed);
  return [...found].sort().map((label) => ({ label, type: "variable" }));
}
