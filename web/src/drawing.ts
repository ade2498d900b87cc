// Signed paths in, a drawing out: an arrow for more, a bar for less, dashes for what is inherited.
// Colour never says anything that shape and letters do not say as well.

import cytoscape, { type ElementDefinition, type StylesheetJson } from "cytoscape";

export interface Drawing {
  nodes: { id: string; label: string }[];
  target?: string;
  edges: { from: string; to: string; sign?: number | null; inherited?: boolean; contested?: boolean; label?: string }[];
}

export function draw(place: HTMLElement, drawing: Drawing, layered: boolean): void {
  forgoStyleElement();
  const drawn = cytoscape({
    container: place,
    elements: elements(drawing),
    style: style(),
    userZoomingEnabled: false,
    autoungrabify: false,
    boxSelectionEnabled: false,
    minZoom: 0.2,
    maxZoom: 2.5,
  });
  const narrow = place.clientWidth < 520;
  const spots = layered ? layers(drawing, narrow) : new Map<string, Spot>();
  drawn
    .layout(
      layered
        ? { name: "preset", positions: Object.fromEntries(spots), animate: false }
        : { name: "cose", animate: false, padding: 18, randomize: true, nodeRepulsion: () => 9000 },
    )
    .run();
  drawn.fit(undefined, 18);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.style(style()));
  addEventListener("resize", () => drawn.resize().fit(undefined, 18));
}

interface Spot {
  x: number;
  y: number;
}

// The first node on the left, the last on the right, the others by how many steps they are away; where there is
// little width, from top to bottom. Neighbours in a column are set off, so that an arrow between them shows.
function layers(drawing: Drawing, narrow: boolean): Map<string, Spot> {
  const depth = depths(drawing);
  const columns = new Map<number, string[]>();
  for (const [id, layer] of depth) columns.set(layer, [...(columns.get(layer) ?? []), id]);
  const spots = new Map<string, Spot>();
  for (const [layer, ids] of columns) {
    ids.forEach((id, place) => {
      const across = (place - (ids.length - 1) / 2) * (narrow ? 150 : 84);
      const aside = ids.length > 2 && place % 2 ? 46 : 0;
      spots.set(id, narrow ? { x: across, y: layer * 120 + aside } : { x: layer * 250 + aside, y: across });
    });
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

function style(): StylesheetJson {
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
        width: 132,
        height: 46,
        "background-color": of("--soft"),
        "border-width": 1,
        "border-color": of("--accent"),
        color: of("--ink"),
        "font-size": 12,
        "font-family": "system-ui, sans-serif",
        "text-wrap": "wrap",
        "text-max-width": "120px",
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
