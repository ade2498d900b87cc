"""The Python face: a graph opened from a release, a file or an endpoint, and everything one asks of it.

>>> import ketagraph
>>> kg = ketagraph.open()
>>> kg.ask("ASK { ?study a <https://w3id.org/ketagraph/Study> }")
True

A graph is guarded like the endpoint (no update, no SERVICE, bounded nesting). A local one has no deadline,
for the queries are one's own; an engine elsewhere gets one, and its answers a limit of size.
"""

from __future__ import annotations

import html
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

from rdflib import Graph

from ketagraph import explain, guard, names, questions, rdf, releases, sources
from ketagraph.answers import JudgementAnswer, answer
from ketagraph.claims import HOPS, Judgement
from ketagraph.dossier import Dossier, Stored, stored_query
from ketagraph.engines.address import credentials
from ketagraph.errors import UnknownName
from ketagraph.remote import Remote
from ketagraph.results import Rows
from ketagraph.store.engine import Engine, Term

__all__ = ["Concept", "KnowledgeGraph", "Source", "Verdict", "open_graph"]


class Source(Protocol):
    """What answers queries: the engine in this process, or an endpoint."""

    def select(self, query: str) -> tuple[list[str], list[tuple[Term | None, ...]]]:
        """Return variables and rows."""

    def construct(self, query: str) -> list[str]:
        """Return sorted N-Triples statements."""

    def ask(self, query: str) -> bool:
        """Return whether the pattern matches."""


@dataclass(frozen=True, slots=True)
class Concept:
    """One term of the graph; ``parents`` and ``children`` are IRI → label, ``identifiers`` CURIE → match."""

    iri: str
    label: str
    definition: str
    synonyms: tuple[str, ...]
    parents: Mapping[str, str]
    children: Mapping[str, str]
    identifiers: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.label} ({names.compress(self.iri)})"

    def facts(self) -> dict[str, str]:
        """Return what is known of it in words, by heading; weaker matches than exact ones say so."""
        matches = (f"{each} ({kind})".removesuffix(" (exact)") for each, kind in self.identifiers.items())
        parts = {
            "definition": self.definition,
            "also called": ", ".join(self.synonyms),
            "kind of": ", ".join(self.parents.values()),
            "its kinds": ", ".join(self.children.values()),
            "identifiers": ", ".join(matches),
        }
        return {name: text for name, text in parts.items() if text}

    def _repr_html_(self) -> str:
        return _card(str(self), self.facts())


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a claim comes to: ``answer`` has every path and finding as plain values for JSON."""

    judgement: Judgement
    answer: JudgementAnswer
    labels: Mapping[str, str] = field(repr=False)

    @property
    def verdict(self) -> str:
        """The joint verdict in words, such as: mechanism without benefit."""
        return self.answer.verdict

    @property
    def standing(self) -> str:
        """The verdict as supported, opposed or undecided."""
        return self.answer.standing

    def explain(self, *, in_full: bool = False) -> str:
        """Tell the reasons in lines; ``in_full`` with every path, hop by hop."""
        return "\n".join(explain.lines(self.judgement, self.labels, in_full=in_full))

    def __str__(self) -> str:
        claim = self.answer.claim
        return f"{claim.subject.label} {claim.relation.label} {claim.object.label}: {self.verdict}"

    def _repr_html_(self) -> str:
        reasons = {str(place): each.text for place, each in enumerate(self.answer.reasons, start=1)}
        return _card(str(self), reasons)


def _card(title: str, parts: Mapping[str, str]) -> str:
    rows = "".join(
        f"<tr><th>{html.escape(name)}</th><td>{html.escape(text)}</td></tr>" for name, text in parts.items()
    )
    return f"<table><caption>{html.escape(title)}</caption><tbody>{rows}</tbody></table>"


@dataclass(frozen=True)
class KnowledgeGraph:
    """A graph that is open for questions. Names may be labels, synonyms, CURIEs, IRIs or external ids."""

    source: Source
    name: str

    def select(self, query: str) -> Rows:
        """Run a SELECT.

        Raises:
            QueryRefused: the guard or the engine turns it away. QueryStopped: an endpoint gave up.
        """
        guard.check(query)
        variables, rows = self.source.select(query)
        return Rows(tuple(variables), tuple(rows))

    def construct(self, query: str) -> Graph:
        """Run a CONSTRUCT or DESCRIBE and return its triples, with our prefixes bound."""
        guard.check(query)
        statements = self.source.construct(query)
        return rdf.new_graph().parse(data="\n".join(statements), format="nt")

    def ask(self, query: str) -> bool:
        """Run an ASK."""
        guard.check(query)
        return self.source.ask(query)

    def question(self, name: str, **values: str) -> Rows:
        """Answer a named question (``ketagraph questions`` lists them) with its parameters.

        Raises:
            UnknownName: there is no such question, parameter or entity.
        """
        folder = sources.layout().queries
        known = {path.stem: path for path in sorted(folder.glob("*.rq"))}
        if name not in known:
            raise UnknownName(f"no question is called {name!r}; see: ketagraph questions", sorted(known))
        return self.select(questions.bind(questions.read(known[name]), values, self.resolve))

    def resolve(self, name: str) -> str:
        """Return the IRI that ``name`` stands for.

        Raises:
            UnknownName: nothing is called so; near labels are suggested.
        """
        return self.dossier.resolve(name)

    def term(self, name: str) -> Concept:
        """Return what the graph says of a term: definition, names, kinds, external identifiers.

        Raises:
            UnknownName: nothing is called so; near labels are suggested.
        """
        iri = self.resolve(name)
        found: dict[str, list[str]] = defaultdict(list)
        for row in self._stored("term", term=iri):
            found[str(row["kind"])].append(str(row["value"]))
        matches = {kind: found[kind] for kind in ("exact", "close", "broad", "narrow", "related")}
        return Concept(
            iri,
            next(iter(found["label"]), names.compress(iri)),
            next(iter(found["definition"]), ""),
            tuple(sorted(found["synonym"])),
            self._labelled(found["parent"]),
            self._labelled(found["child"]),
            {names.compress(each): kind for kind, iris in matches.items() for each in sorted(iris)},
        )

    def judge(
        self,
        subject: str,
        relation: str,
        object_: str,
        *,
        via: str = "",
        dose: str = "",
        route: str = "",
        species: str = "",
        outcome: str = "",
        comparator: str = "",
        week: float | None = None,
        hops: int = HOPS,
        sources: Iterable[str] = (),
    ) -> Verdict:
        """Judge a claim by mechanism and trials; ``week`` is counted from the start, ``hops`` are steps.

        ``sources`` (ids) keeps only what these say; without it, all sources are weighed together.

        Raises:
            UnknownName: a name that nothing, or several things, answer to.
        """
        dossier = self.dossier.of_sources([sources] if isinstance(sources, str) else sources)
        claim = dossier.claim(
            subject,
            relation,
            object_,
            via=via,
            dose=dose,
            route=route,
            species=species,
            outcome=outcome,
            comparator=comparator,
            week=week,
        )
        judgement = dossier.judge(claim, hops=hops)
        labels = dossier.labels_of(judgement)
        return Verdict(judgement, answer(judgement, labels), labels)

    def trials(self, *, condition: str = "", agent: str = "") -> Rows:
        """Return every study, one row each, or those of a condition or agent; their kinds are included."""
        return self._stored("trials", condition=condition, agent=agent)

    def findings(self, *, condition: str = "", agent: str = "", outcome: str = "") -> Rows:
        """Return every finding, null ones included, one row each; narrowed as :meth:`trials`."""
        return self._stored("measured", condition=condition, agent=agent, outcome=outcome)

    @cached_property
    def dossier(self) -> Dossier:
        """What the judge needs; read from the graph once."""

        def rows(query: str) -> Iterator[Mapping[str, str]]:
            variables, found = self.source.select(query)
            for row in found:
                yield {
                    name: term.value for name, term in zip(variables, row, strict=True) if term is not None
                }

        return Dossier(Stored(rows))

    def _stored(self, name: str, **values: str) -> Rows:
        question = questions.parse(stored_query(name), name, f"{name}.rq")
        given = {key: value for key, value in values.items() if value}
        return self.select(questions.bind(question, given, self.resolve))

    def _labelled(self, iris: list[str]) -> dict[str, str]:
        labels = self.dossier.labels
        return {iri: labels.get(iri, names.compress(iri)) for iri in sorted(iris)}

    def __repr__(self) -> str:
        return f"KnowledgeGraph({self.name!r})"

    def _repr_html_(self) -> str:
        return _card(f"KetaGraph: {self.name}", {}) + self.select(stored_query("page-totals"))._repr_html_()


def open_graph(source: str | Path | None = None, *, timeout: float = 60.0) -> KnowledgeGraph:
    """Open a graph for questions.

    ``source`` is nothing (the current release, built first where there is none), a folder of releases, one
    release, a file of RDF, or the address of an endpoint; what was imported beside a release is opened with
    it. ``timeout`` (seconds) is for endpoints.

    Raises:
        EnvironmentFault: there is nothing to open. SourceError: a file that breaks its syntax.
    """
    if isinstance(source, str) and source.startswith(("http://", "https://")):
        return KnowledgeGraph(Remote(source, timeout, credentials=credentials(os.environ)), source)
    if source is None:
        where = sources.layout()
        release = releases.ensure(where, releases.default_folder(where))
        return KnowledgeGraph(_with_imports(release), str(release.path))
    path = Path(source)
    if path.is_dir():
        return KnowledgeGraph(_with_imports(_release(path)), str(path))
    loaded = Engine()
    loaded.load_quads(path)
    loaded.unite_graphs()
    return KnowledgeGraph(loaded, str(path))


def _with_imports(release: releases.Release) -> Engine:
    """Open a release with the ontologies that were imported beside it."""
    return releases.engine(release, releases.imports(release.path.parent))


def _release(path: Path) -> releases.Release:
    """Take ``path`` as a folder of releases, else as one release."""
    if (path / "current").exists() or not (path / "manifest.json").is_file():
        return releases.current(path)
    return releases.Release(path, {})
