// Signed paths in, a drawing out: an arrow for more, a bar for less, dashes for what is inherited.
// Colour never says anything that shape and letters do not say as well.

import cytoscape, { type ElementDefinition, type StylesheetJson } from "cytoscape";

export interface Drawing {
  nodes: { id: string; label: string }[];
  target?: string;
  edges: { from: string; to: string; sign?: number | null; inherited?: boolean; contested?: boolean; label?: string }[];
}

const NARROW = 520; // pixels below which a drawing runs from top to bottom
const ABREAST = 3; // nodes beside each other there
const MARGIN = 18;

export function draw(place: HTMLElement, drawing: Drawing, layered: boolean): void {
  forgoStyleElement();
  const narrow = layered && place.clientWidth < NARROW;
  const spots = layered ? layers(drawing, narrow) : new Map<string, Spot>();
  if (narrow) place.style.height = `${Math.max(...[...spots.values()].map((spot) => spot.y)) + 120}px`;
  const drawn = cytoscape({
    container: place,
    elements: elements(drawing),
    style: style(narrow),
    userZoomingEnabled: false,
    autoungrabify: false,
    boxSelectionEnabled: false,
    minZoom: 0.2,
    maxZoom: 2.5,
  });
  drawn
    .layout(
      layered
        ? { name: "preset", positions: Object.fromEntries(spots), animate: false }
        : { name: "cose", animate: false, padding: MARGIN, randomize: true, nodeRepulsion: () => 9000 },
    )
    .run();
  drawn.fit(undefined, MARGIN);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.style(style(narrow)));
  addEventListener("resize", () => drawn.resize().fit(undefined, MARGIN));
}

interface Spot {
  x: number;
  y: number;
}

// The first node on the left, the last on the right, the others by how many steps they are away; where there is
// little width, from top to bottom. Neighbours in a column are set off, so that an arrow between them shows.
function layers(drawing: Drawing, narrow: boolean): Map<string, Spot> {
  const columns = new Map<number, string[]>();
  for (const [id, layer] of depths(drawing)) columns.set(layer, [...(columns.get(layer) ?? []), id]);
  const ordered = [...columns].sort(([a], [b]) => a - b).map(([, ids]) => ids);
  return narrow ? downwards(ordered) : rightwards(ordered);
}

function rightwards(columns: string[][]): Map<string, Spot> {
  const spots = new Map<string, Spot>();
  columns.forEach((ids, layer) =>
    ids.forEach((id, place) => {
      const aside = ids.length > 2 && place % 2 ? 46 : 0;
      spots.set(id, { x: layer * 250 + aside, y: (place - (ids.length - 1) / 2) * 84 });
    }),
  );
  return spots;
}

// Each layer fills as many lines as it needs; every other line is shifted, so that arrows pass between nodes.
function downwards(columns: string[][]): Map<string, Spot> {
  const spots = new Map<string, Spot>();
  let line = 0;
  for (const ids of columns) {
    for (let start = 0; start < ids.length; start += ABREAST) {
      const abreast = ids.slice(start, start + ABREAST);
      abreast.forEach((id, place) => {
        const lower = abreast.length === ABREAST && place % 2 ? 34 : 0;
        spots.set(id, { x: (place - (abreast.length - 1) / 2) * 112, y: line * 124 + lower });
      });
      line += 1;
    }
  }
  return spots;
}

function depths(drawing: Drawing): Map<string, number> {
  const depth = new Map<string, number>();
  const first = drawing.nodes[0]?.id;
  if (first) depth.set(first, 0);
  for (let round = 0; round < drawing.nodes.length; round++) {
    for (const edge of drawing.edges) {
      const from = depth.get(edge.from);
      if (from !== undefined && !depth.has(edge.to)) depth.set(edge.to, from + 1);
    }
  }
  if (drawing.target) depth.set(drawing.target, Math.max(...depth.values()) + 1);
  return depth;
}

function elements(drawing: Drawing): ElementDefinition[] {
  const nodes = drawing.nodes.map((node) => ({ data: { id: node.id, label: node.label } }));
  const edges = drawing.edges.map((edge, number) => ({
    data: { id: `e${number}`, source: edge.from, target: edge.to, label: edge.label ?? told(edge.sign, edge.contested) },
    classes: [
      edge.sign === 1 ? "more" : edge.sign === -1 ? "less" : "open",
      edge.inherited ? "inherited" : "",
    ].join(" "),
  }));
  return [...nodes, ...edges];
}

function told(sign: number | null | undefined, contested: boolean | undefined): string {
  const mark = sign === 1 ? "+" : sign === -1 ? "−" : sign === 0 ? "0" : "?";
  return contested ? `${mark} contested` : mark;
}

function style(narrow: boolean): StylesheetJson {
  const of = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const line = { "line-color": of("--null"), "target-arrow-color": of("--null"), color: of("--null") };
  const coloured = (name: string): Record<string, string> => ({
    "line-color": of(name),
    "target-arrow-color": of(name),
    color: of(name),
  });
  return [
    {
      selector: "node",
      style: {
        shape: "round-rectangle",
        label: "data(label)",
        width: narrow ? 100 : 132,
        height: 46,
        "background-color": of("--soft"),
        "border-width": 1,
        "border-color": of("--accent"),
        color: of("--ink"),
        "font-size": narrow ? 11.5 : 12,
        "font-family": "system-ui, sans-serif",
        "text-wrap": "wrap",
        "text-max-width": narrow ? "94px" : "120px",
        "text-valign": "center",
        "text-halign": "center",
      },
    },
    {
      selector: "edge",
      style: {
        ...line,
        label: "data(label)",
        width: 2,
        "curve-style": "bezier",
        "target-arrow-shape": "triangle",
        "font-size": 13,
        "font-weight": "bold",
        "text-background-color": of("--card"),
        "text-background-opacity": 1,
        "text-background-padding": "2px",
      },
    },
    { selector: "edge.more", style: coloured("--within") },
    { selector: "edge.less", style: { ...coloured("--mixed"), "target-arrow-shape": "tee", "arrow-scale": 1.3 } },
    { selector: "edge.open", style: { "target-arrow-shape": "vee" } },
    { selector: "edge.inherited", style: { "line-style": "dashed" } },
  ] as StylesheetJson;
}

// Cytoscape adds a style element unless one of this name is there; the policy forbids that, and site.css has the rule.
function forgoStyleElement(): void {
  const id = "__________cytoscape_stylesheet";
  if (document.getElementById(id)) return;
  const mark = document.createElement("meta");
  mark.id = id;
  document.head.append(mark);
}

for (const place of document.querySelectorAll<HTMLElement>("[data-drawing]")) {
  place.setAttribute("role", "img");
  draw(place, JSON.parse(place.dataset["drawing"] ?? "{}") as Drawing, true);
}
