"""Pages about the graph and the server: schema, links to other vocabularies, downloads, interface, status."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from starlette.responses import FileResponse, Response

from ketagraph import catalogue, names, sources
from ketagraph.errors import EnvironmentFault, UnknownName
from ketagraph.server.pages.records import Record
from ketagraph.server.pages.site import HEADERS, Site

__all__ = ["api", "data", "file", "links", "schema", "status"]

_METHODS = ("get", "post", "delete", "put")


@dataclass(frozen=True, slots=True)
class Branch:
    """One branch of concepts: how many there are, and how many have a match, by vocabulary."""

    iri: str
    total: int
    matched: int
    vocabularies: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One way to call the server, as OpenAPI describes it."""

    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[tuple[str, str, bool], ...]


async def schema(site: Site, request: Request) -> Response:
    """Show which classes and properties there are, how often each is used, and every shape."""
    found = await asyncio.gather(*map(site.table, ("partitions", "vocabulary", "usage", "examples")))
    partitions, vocabulary, usage, examples = (table.rows for table in found)
    return await site.render(
        request,
        "schema.html",
        classes=_partition(partitions, "class"),
        properties={term: parts for term, _, parts in _partition(partitions, "property")},
        examples=_examples(examples, "class") | _examples(usage, "predicate"),
        terms=_merged(vocabulary),
        used={row["predicate"].value: int(row["count"].value) for row in usage},
        shapes=await asyncio.to_thread(lambda: list(_shapes())),
    )


def _examples(rows: Sequence[Record], name: str) -> dict[str, str]:
    """Return one thing for each term; there is none where only blank nodes have it (engines name them)."""
    found = {row[name].value: row["example"].value for row in rows if "example" in row}
    return {term: example for term, example in found.items() if example.startswith("http")}


def _partition(rows: Sequence[Record], kind: str) -> list[tuple[str, int, list[tuple[str, int]]]]:
    """Return terms with their total and their counts by graph, the most used first."""
    found: dict[str, list[tuple[str, int]]] = {}
    for row in rows:
        graph = row["graph"].value.rsplit("/", 1)[-1]
        # The whole dataset has partitions too.
        if row["kind"].value == kind and row["graph"].value.startswith(names.graph("")):
            found.setdefault(row["term"].value, []).append((graph, int(row["count"].value)))
    totals = [(term, sum(count for _, count in parts), parts) for term, parts in found.items()]
    return sorted(totals, key=lambda each: (-each[1], each[0]))


def _merged(rows: Sequence[Record]) -> list[dict[str, Any]]:
    """Join the rows of one term, which has one for each domain and range."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        each = found.setdefault(row["term"].value, {"domains": {}, "ranges": {}})
        each |= {name: row[name].value for name in ("term", "kind", "definition", "sign") if name in row}
        for name in ("domain", "range"):
            if name in row:
                each[f"{name}s"][row[name].value] = None
    return list(found.values())


def _shapes() -> Iterator[tuple[str, str]]:
    """Yield name and text of every shape that ships with the package."""
    try:
        folder = sources.layout().ontology / "shapes"
    except EnvironmentFault:
        return
    for path in sorted(folder.glob("*.ttl")):
        yield path.stem, path.read_text(encoding="utf-8")


async def links(site: Site, request: Request) -> Response:
    """Show how much of each branch has a match elsewhere, and every match."""
    concepts, matches = (
        table.rows for table in await asyncio.gather(*map(site.table, ("concepts", "matches")))
    )
    return await site.render(
        request, "links.html", branches=list(_branches(concepts, matches)), matches=matches
    )


def _branches(concepts: Sequence[Record], matches: Sequence[Record]) -> Iterator[Branch]:
    targets: dict[str, set[str]] = {}
    for row in matches:
        prefix = names.compress(row["target"].value).split(":", 1)[0]
        targets.setdefault(row["concept"].value, set()).add(prefix)
    members: dict[str, list[str]] = {}
    for row in concepts:
        members.setdefault(row["branch"].value, []).append(row["concept"].value)
    for branch, iris in sorted(members.items()):
        counts = Counter(prefix for iri in iris for prefix in targets.get(iri, ()))
        yield Branch(branch, len(iris), sum(iri in targets for iri in iris), tuple(counts.most_common()))


async def data(site: Site, request: Request) -> Response:
    """Show what can be downloaded, with its digest, and how to cite it."""
    manifest = await asyncio.to_thread(_manifest, site.release_folder) if site.is_release else {}
    return await site.render(
        request,
        "data.html",
        files=sorted(manifest.get("files", {}).items()),
        graphs=sorted(manifest.get("graphs", {}).items()),
        sources=sorted(manifest.get("sources", {}).items()),
        sources_sha256=manifest.get("sources_sha256", ""),
        dataset=catalogue.markup(str(request.base_url), sorted(manifest.get("files", {}))),
    )


async def file(site: Site, request: Request) -> Response:
    """Send one file of the release; only names that its manifest lists."""
    name = request.path_params["name"]
    folder = site.release_folder.resolve()
    manifest = await asyncio.to_thread(_manifest, folder) if site.is_release else {}
    if name not in manifest.get("files", {}):
        raise UnknownName(f"the release has no file called {name[:80]!r}")
    digest = manifest["files"][name]["sha256"]
    headers = HEADERS | {"Repr-Digest": f"sha-256=:{_base64(digest)}:", "Access-Control-Allow-Origin": "*"}
    return FileResponse(folder / name, headers=headers, filename=name)


def _base64(digest: str) -> str:
    """Write a hexadecimal digest as RFC 9530 wants it."""
    return base64.b64encode(bytes.fromhex(digest)).decode()


def _manifest(folder: Path) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


async def api(site: Site, request: Request) -> Response:
    """Show the interface from its OpenAPI description, without any script."""
    app = request.app
    described = app.openapi() if isinstance(app, FastAPI) else {"paths": {}}
    return await site.render(
        request,
        "api.html",
        operations=list(_operations(described)),
        endpoint=f"{request.base_url}sparql",
        base=str(request.base_url),
    )


def _operations(described: Mapping[str, Any]) -> Iterator[Operation]:
    for path, methods in described["paths"].items():
        for method in _METHODS:
            if each := methods.get(method):
                parameters = tuple(
                    (one["name"], one.get("description", ""), bool(one.get("required")))
                    for one in each.get("parameters", ())
                )
                yield Operation(
                    method.upper(), path, each.get("summary", ""), each.get("description", ""), parameters
                )


async def status(site: Site, request: Request) -> Response:
    """Show whether queries are answered, of which data, and within which limits."""
    up = time.time() - site.started
    return await site.render(
        request,
        "status.html",
        ready=site.store.ready,
        whole_edition=site.store.edition,
        hours=up / 3600,
    )
