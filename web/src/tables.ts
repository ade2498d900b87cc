// A table in, one that sorts by its headings and filters by what is typed out. Cells are moved, never rewritten.

const FEW = 8;

export function enhance(table: HTMLTableElement): void {
  const body = table.tBodies[0];
  const headings = [...(table.tHead?.rows[0]?.cells ?? [])];
  if (!body || body.rows.length < 2) return;
  headings.forEach((heading, column) => sortable(table, heading, column));
  if (body.rows.length > FEW) filterable(table, body);
}

function sortable(table: HTMLTableElement, heading: HTMLTableCellElement, column: number): void {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = heading.textContent;
  heading.replaceChildren(button);
  button.addEventListener("click", () => {
    const up = heading.getAttribute("aria-sort") !== "ascending";
    for (const each of table.tHead?.rows[0]?.cells ?? []) each.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", up ? "ascending" : "descending");
    const body = table.tBodies[0];
    if (body) body.append(...[...body.rows].sort((a, b) => (up ? 1 : -1) * compared(text(a, column), text(b, column))));
  });
}

function filterable(table: HTMLTableElement, body: HTMLTableSectionElement): void {
  const box = document.createElement("input");
  box.type = "search";
  box.placeholder = "Filter rows";
  box.setAttribute("aria-label", "Filter rows");
  const count = document.createElement("span");
  count.className = "small muted";
  count.setAttribute("role", "status");
  const tools = document.createElement("div");
  tools.className = "tools";
  tools.append(box, count);
  (table.closest(".scroll") ?? table).before(tools);
  box.addEventListener("input", () => {
    const wanted = box.value.toLowerCase();
    let shown = 0;
    for (const row of body.rows) {
      row.hidden = !row.textContent?.toLowerCase().includes(wanted);
      shown += row.hidden ? 0 : 1;
    }
    count.textContent = wanted ? `${shown} of ${body.rows.length}` : "";
  });
}

function text(row: HTMLTableRowElement, column: number): string {
  return row.cells[column]?.textContent?.trim() ?? "";
}

export function compared(a: string, b: string): number {
  const [x, y] = [Number(a), Number(b)];
  if (a !== "" && b !== "" && !Number.isNaN(x) && !Number.isNaN(y)) return x - y;
  return a.localeCompare(b, undefined, { numeric: true });
}
