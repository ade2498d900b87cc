// A place in, a SPARQL editor there out. It lives in a shadow root, where the editor adopts its style sheets
// instead of adding style elements, which the page's policy forbids.

import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState, Prec } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { sparql } from "codemirror-lang-sparql";
import type { Vocabulary } from "./vocabulary";

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--accent)", fontWeight: "600" },
  { tag: tags.variableName, color: "var(--within)" },
  { tag: tags.string, color: "var(--good)" },
  { tag: [tags.integer, tags.float, tags.bool], color: "var(--mixed)" },
  { tag: tags.comment, color: "var(--muted)", fontStyle: "italic" },
  { tag: [tags.url, tags.namespace, tags.typeName], color: "var(--ink)" },
]);

const look = EditorView.theme({
  "&": { backgroundColor: "var(--card)", color: "var(--ink)", height: "100%", fontSize: "0.9rem" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55", overflow: "auto" },
  ".cm-content": { caretColor: "var(--ink)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": { backgroundColor: "var(--sunk)", color: "var(--muted)", border: "0" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--sunk)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--soft)",
  },
  ".cm-matchingBracket": { backgroundColor: "var(--soft) !important", outline: "1px solid var(--edge)" },
  ".cm-tooltip": { backgroundColor: "var(--card)", color: "var(--ink)", border: "1px solid var(--edge)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--accent-ink)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--sans)", maxWidth: "min(90vw, 40rem)" },
  ".cm-completionDetail": { marginLeft: "1em", opacity: "0.8" },
  // The marks that come with the editor are pictures in data: addresses, which the policy forbids.
  ".cm-lint-marker, .cm-lint-marker-error": { content: "normal", width: "1em", height: "auto" },
  ".cm-lint-marker::after": { content: '"▲"', color: "var(--bad)", fontSize: "0.8em" },
  ".cm-lintRange-error, .cm-lintRange-warning, .cm-lintRange-info, .cm-lintRange-hint": {
    backgroundImage: "none",
    textDecoration: "underline wavy var(--bad)",
  },
  ".cm-panels": { backgroundColor: "var(--sunk)", color: "var(--ink)" },
});

// Left to itself, the browser keeps the look of replaced text by a style attribute, which the policy forbids.
const replacing = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const typed = event.inputType === "insertText" ? event.data : null;
    if (!typed || view.composing || view.state.selection.main.empty || /[()[\]{}"']/.test(typed)) return false;
    event.preventDefault();
    view.dispatch(view.state.update(view.state.replaceSelection(typed), { userEvent: "input.type", scrollIntoView: true }));
    return true;
  },
});

export class Editor {
  readonly view: EditorView;

  constructor(
    place: HTMLElement,
    private vocabulary: Vocabulary,
    private onRun: () => void,
    private onCancel: () => boolean,
    private onChange: (text: string) => void,
  ) {
    const root = place.attachShadow({ mode: "open" });
    const parent = document.createElement("div");
    root.append(parent);
    const full = new CSSStyleSheet();
    full.replaceSync(":host > div, div:first-child { height: 100%; }");
    root.adoptedStyleSheets = [full];
    this.view = new EditorView({ parent, root, state: this.state("") });
  }

  get text(): string {
    return this.view.state.doc.toString();
  }

  open(text: string): void {
    this.view.setState(this.state(text));
  }

  // Marks an error at a line and column, both counted from 1, and moves there.
  mark(line: number, column: number, message: string): void {
    const { doc } = this.view.state;
    if (line < 1 || line > doc.lines) return;
    const found = doc.line(line);
    const from = Math.min(found.from + Math.max(column - 1, 0), found.to);
    const to = Math.max(this.view.state.wordAt(from)?.to ?? from, Math.min(from + 1, doc.length));
    this.view.dispatch(setDiagnostics(this.view.state, [{ from, to, severity: "error", message }]));
    this.view.dispatch({ selection: { anchor: from }, scrollIntoView: true });
  }

  unmark(): void {
    this.view.dispatch(setDiagnostics(this.view.state, []));
  }

  private state(text: string): EditorState {
    return EditorState.create({
      doc: text,
      extensions: [
        Prec.highest(
          keymap.of([
            { key: "Mod-Enter", run: () => (this.onRun(), true) },
            { key: "Escape", run: () => this.onCancel() },
          ]),
        ),
        lineNumbers(),
        history(),
        drawSelection(),
        indentOnInput(),
        bracketMatching(),
        closeBrackets(),
        highlightActiveLine(),
        highlightSelectionMatches(),
        lintGutter(),
        sparql(),
        syntaxHighlighting(colours),
        autocompletion({ override: [this.vocabulary.complete], maxRenderedOptions: 60 }),
        EditorView.lineWrapping,
        replacing,
        EditorView.contentAttributes.of({ "aria-label": "SPARQL query", tabindex: "0" }),
        EditorView.updateListener.of((update) => update.docChanged && this.onChange(this.text)),
        keymap.of([...closeBracketsKeymap, ...completionKeymap, ...searchKeymap, ...historyKeymap, ...defaultKeymap, indentWithTab]),
        look,
      ],
    });
  }
}
