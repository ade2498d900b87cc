"""A release as an RO-Crate: what its files are, who may use them, how to cite them.

See https://www.researchobject.org/ro-crate/specification/1.1/.
"""

from __future__ import annotations

import json

from ketagraph import __version__, names, sources
from ketagraph.exports.model import Export, Material

__all__ = ["ro_crate"]

_LICENCE = "https://creativecommons.org/licenses/by/4.0/"
_PUBLISHED = "2026"
_MEDIA_TYPES = {
    ".nq": "application/n-quads",
    ".ttl": "text/turtle",
    ".tsv": "text/tab-separated-values",
    ".json": "application/json",
}
_NOTES = {"scope": "metadata only; the data are in the files that it names"}


def ro_crate(known: Material) -> Export:
    """RO-Crate 1.1: ``ro-crate-metadata.json``, to be laid into the release's folder."""
    files = sorted(known.release.manifest["files"].items())
    described = [
        _descriptor(),
        _root(known, [name for name, _ in files]),
        *(_file(name, facts) for name, facts in files),
        *_cited(known),
        {"@id": "#developers", "@type": "Organization", "name": "The KetaGraph developers"},
        {"@id": _LICENCE, "@type": "CreativeWork", "name": "Creative Commons Attribution 4.0 International"},
    ]
    crate = {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": described}
    text = json.dumps(crate, indent=2, ensure_ascii=False) + "\n"
    return Export({"ro-crate-metadata.json": text.encode()}, {}, _NOTES)


def _descriptor() -> dict[str, object]:
    return {
        "@id": "ro-crate-metadata.json",
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
    }


def _root(known: Material, files: list[str]) -> dict[str, object]:
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": "KetaGraph",
        "description": "An evidence knowledge graph of ketamine for chronic pain",
        "identifier": f"{names.BASE}release/{known.release.path.name}",
        "version": __version__,
        "datePublished": _PUBLISHED,
        "license": {"@id": _LICENCE},
        "author": {"@id": "#developers"},
        "publisher": {"@id": "#developers"},
        "isBasedOn": [{"@id": each["@id"]} for each in _cited(known)],
        "hasPart": [{"@id": name} for name in files],
    }


def _file(name: str, facts: dict[str, object]) -> dict[str, object]:
    return {
        "@id": name,
        "@type": "File",
        "name": name,
        "contentSize": str(facts["bytes"]),
        "sha256": facts["sha256"],
        "encodingFormat": _MEDIA_TYPES.get(name[name.rfind(".") :], "application/octet-stream"),
    }


def _cited(known: Material) -> list[dict[str, object]]:
    return [
        {
            "@id": names.PREFIXES["doi"] + doi
            if (doi := str(folder.facts.get("doi", "")))
            else names.thing(folder.id),
            "@type": "ScholarlyArticle",
            "name": str(folder.facts["title"]),
            "creditText": folder.citation,
            "license": {"@id": str(folder.facts["licence"])},
        }
        for folder in sources.source_folders(known.where)
    ]
