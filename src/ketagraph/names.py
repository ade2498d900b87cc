"""Namespaces in, IRIs out: the only place where an IRI's beginning is spelt.

Terms of the ontology live under ``keta:``, things that were observed under ``kid:``, graphs under
``graph/``. IRIs are never renamed; a retired one is deprecated with ``dcterms:isReplacedBy``.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from curies import Converter

__all__ = ["BASE", "GRAPHS", "PREFIXES", "compress", "converter", "expand", "graph", "term", "thing"]

BASE = "https://w3id.org/ketagraph/"

PREFIXES = {
    "CHEBI": "http://purl.obolibrary.org/obo/CHEBI_",
    "CL": "http://purl.obolibrary.org/obo/CL_",
    "DOID": "http://purl.obolibrary.org/obo/DOID_",
    "ECO": "http://purl.obolibrary.org/obo/ECO_",
    "EFO": "http://www.ebi.ac.uk/efo/EFO_",
    "GO": "http://purl.obolibrary.org/obo/GO_",
    "HGNC": "http://identifiers.org/hgnc/",
    "HP": "http://purl.obolibrary.org/obo/HP_",
    "MAXO": "http://purl.obolibrary.org/obo/MAXO_",
    "MONDO": "http://purl.obolibrary.org/obo/MONDO_",
    "NCBIGene": "http://purl.uniprot.org/geneid/",
    "NCBITaxon": "http://purl.obolibrary.org/obo/NCBITaxon_",
    "NCIT": "http://purl.obolibrary.org/obo/NCIT_",
    "OAE": "http://purl.obolibrary.org/obo/OAE_",
    "OBI": "http://purl.obolibrary.org/obo/OBI_",
    "RO": "http://purl.obolibrary.org/obo/RO_",
    "SEPIO": "http://purl.obolibrary.org/obo/SEPIO_",
    "SNOMEDCT": "http://snomed.info/id/",
    "SYMP": "http://purl.obolibrary.org/obo/SYMP_",
    "UBERON": "http://purl.obolibrary.org/obo/UBERON_",
    "atc": "http://www.whocc.no/atc_ddd_index/?code=",
    "bioregistry": "https://bioregistry.io/",
    "chembl.compound": "http://rdf.ebi.ac.uk/resource/chembl/molecule/",
    "cito": "http://purl.org/spar/cito/",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcterms": "http://purl.org/dc/terms/",
    "doi": "https://doi.org/",
    "drugbank": "https://go.drugbank.com/drugs/",
    "fplx": "https://sorgerlab.github.io/famplex/",
    "icd11": "http://id.who.int/icd/entity/",
    "icd11.code": "https://bioregistry.io/icd11.code:",
    "keta": BASE,
    "kid": BASE + "id/",
    "mesh": "http://id.nlm.nih.gov/mesh/",
    "oa": "http://www.w3.org/ns/oa#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "pav": "http://purl.org/pav/",
    "prov": "http://www.w3.org/ns/prov#",
    "pubmed": "https://pubmed.ncbi.nlm.nih.gov/",
    "qb": "http://purl.org/linked-data/cube#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "schema": "https://schema.org/",
    "sd": "http://www.w3.org/ns/sparql-service-description#",
    "semapv": "https://w3id.org/semapv/vocab/",
    "sh": "http://www.w3.org/ns/shacl#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "sssom": "https://w3id.org/sssom/",
    "umls": "http://linkedlifedata.com/resource/umls/id/",
    "uniprot": "http://purl.uniprot.org/uniprot/",
    "vann": "http://purl.org/vocab/vann/",
    "void": "http://rdfs.org/ns/void#",
    "wikidata": "http://www.wikidata.org/entity/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

GRAPHS = (
    "ontology",
    "evidence",
    "effects",
    "inferred",
    "judgements",
    "counts",
    "mappings",
    "discrepancies",
    "queries",
    "shapes",
    "void",
)


@cache
def converter() -> Converter:
    """Return the CURIE converter for :data:`PREFIXES`, which also reads them in small or capital letters."""
    # Only here: it loads pydantic, and a query needs neither to be guarded nor to be answered.
    from curies import Converter, Record

    return Converter(
        [
            Record(
                prefix=prefix,
                uri_prefix=iri,
                prefix_synonyms=sorted({prefix.lower(), prefix.upper()} - {prefix}),
            )
            for prefix, iri in PREFIXES.items()
        ]
    )


def expand(curie: str) -> str | None:
    """IRI of a CURIE whose prefix is one of :data:`PREFIXES`; None for anything else."""
    return converter().expand(curie) if ":" in curie else None


def compress(iri: str) -> str:
    """CURIE of an IRI, or the IRI itself where no prefix fits."""
    return converter().compress(iri) or iri


def term(name: str) -> str:
    """IRI of an ontology term: ``term("Ketamine")``."""
    return BASE + name


def thing(slug: str) -> str:
    """IRI of an observed thing: ``thing("sigtermans-2009")``."""
    return PREFIXES["kid"] + slug


def graph(name: str) -> str:
    """IRI of a named graph: ``graph("evidence")``."""
    return BASE + "graph/" + name
