// What every page does once it has loaded: suggestions while searching, tables that sort and filter,
// blocks of code that copy. Nothing depends on it.

import { suggest } from "./suggest";
import { enhance } from "./tables";

for (const input of document.querySelectorAll<HTMLInputElement>("input[data-suggest]")) suggest(input);
for (const table of document.querySelectorAll<HTMLTableElement>("table[data-sort]")) enhance(table);
for (const block of document.querySelectorAll<HTMLPreElement>("main pre")) addCopying(block);

document.addEventListener("keydown", (event) => {
  const target = event.target as HTMLElement;
  const typing = target.closest("input, textarea, select, .editor, [contenteditable]");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const box = document.querySelector<HTMLInputElement>("input[data-suggest]");
  if (box) {
    event.preventDefault();
    box.focus();
    box.select();
  }
});

// A link into a folded section opens it.
function unfold(): void {
  const id = decodeURIComponent(location.hash.slice(1));
  const target = id ? document.getElementById(id) : null;
  const fold = target?.closest("details");
  if (target && fold && !fold.open) {
    fold.open = true;
    target.scrollIntoView();
  }
}
addEventListener("hashchange", unfold);
unfold();

function addCopying(block: HTMLPreElement): void {
  if (!navigator.clipboard) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "plain copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(block.textContent ?? "");
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  block.insertAdjacentElement("afterend", button);
}
