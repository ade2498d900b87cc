"""What sets engines apart, as one table: nothing else in this package knows an engine by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ketagraph import names
from ketagraph.errors import EnvironmentFault

__all__ = ["DIALECTS", "GENERIC", "Dialect", "named", "recognised"]

_RDFS, _XSD = names.PREFIXES["rdfs"], names.PREFIXES["xsd"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one engine is spoken to, and what it does otherwise than SPARQL 1.1 says.

    ``server`` begins its Server header. ``update`` and ``graphs`` are where updates and the Graph Store
    Protocol are, made from ``{query}``, the address for queries, and ``{parent}``, that without its last
    part; an engine without one has an empty text there. ``timeout`` is its own parameter for a deadline,
    with the units in a second. ``cut_headers`` are response headers that say an answer is not whole.

    ``ask_variable`` is the column in which it hides the answer to an ASK. ``mends`` are pairs of bytes by
    which its answers are made right. ``closures`` are properties whose paths of any length it gets wrong;
    their closure is loaded with a release and asked for instead. ``refused`` are runs of tokens, in capitals,
    that it answers wrongly and that nothing mends: no answer is better than a wrong one.
    """

    name: str
    server: str = ""
    update: str = ""
    graphs: str = ""
    auth: Literal["basic", "digest"] = "basic"
    timeout: tuple[str, int] | None = None
    cut_headers: tuple[str, ...] = ()
    ask_variable: str = ""
    mends: tuple[tuple[bytes, bytes], ...] = ()
    closures: tuple[str, ...] = ()
    refused: tuple[tuple[str, ...], ...] = ()


def _booleans() -> tuple[tuple[bytes, bytes], ...]:
    """Write 0 and 1 as false and true, in rows as JSON and in statements as N-Triples."""
    rows, triples = f'"datatype": "{_XSD}boolean", "value": "%s"', f'"%s"^^<{_XSD}boolean>'
    values = (("0", "false"), ("1", "true"))
    return tuple(
        ((text % number).encode(), (text % word).encode())
        for text in (rows, triples)
        for number, word in values
    )


GENERIC = Dialect("generic", update="{query}", graphs="")

DIALECTS: Mapping[str, Dialect] = {
    each.name: each
    for each in (
        GENERIC,
        Dialect("oxigraph", server="Oxigraph/", update="{parent}/update", graphs="{parent}/store"),
        Dialect(
            "virtuoso",
            server="Virtuoso/",
            update="{parent}/sparql-auth",
            graphs="{parent}/sparql-graph-crud-auth",
            auth="digest",
            timeout=("timeout", 1000),
            cut_headers=("x-sql-state",),
            ask_variable="__ASK_RETVAL",
            mends=_booleans(),
            refused=(("BIND", "(", "EXISTS"),),
            closures=(_RDFS + "subClassOf", _RDFS + "subPropertyOf", names.term("actsOn")),
        ),
        # Its query engine is run by the tests, its own server is not: see docs/engines.md.
        Dialect("fuseki", update="{parent}/update", graphs="{parent}/data"),
        # Not run here.
        Dialect("graphdb", update="{query}/statements", graphs="{query}/rdf-graphs/service"),
        Dialect("neptune", update="{query}", graphs="{query}/gsp/"),
        Dialect("stardog", update="{parent}/update", graphs="{parent}"),
        Dialect("qlever", update="{query}", graphs="{query}"),
    )
}


def named(name: str) -> Dialect:
    """Return the dialect called ``name``.

    Raises:
        EnvironmentFault: there is none.
    """
    found = DIALECTS.get(name.lower())
    if found is None:
        raise EnvironmentFault(f"no dialect is called {name!r}; known: {', '.join(sorted(DIALECTS))}")
    return found


def recognised(server: str) -> Dialect:
    """Tell an engine by its Server header; the generic dialect where it is not known."""
    fits = [each for each in DIALECTS.values() if each.server and server.startswith(each.server)]
    return fits[0] if fits else GENERIC
