from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from pyoxigraph import Store

from ketagraph.errors import EnvironmentFault, SourceError
from ketagraph.store.engine import Engine, open_store
from ketagraph.store.loading import Expansion, load_file, media_type_of

TRIPLE = "<http://e/a> <http://e/p> <http://e/b> ."
RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://e/"'
FILES = {
    "a.ttl": "@prefix e: <http://e/> . e:a e:p e:b .",
    "a.nt": TRIPLE,
    "a.nq": TRIPLE,
    "a.trig": TRIPLE,
    "a.rdf": f'<rdf:RDF {RDF}><rdf:Description rdf:about="http://e/a"><e:p rdf:resource="http://e/b"/></rdf:Description></rdf:RDF>',
    "a.owl": f'<rdf:RDF {RDF}><rdf:Description rdf:about="http://e/a"><e:p rdf:resource="http://e/b"/></rdf:Description></rdf:RDF>',
    "a.jsonld": '{"@id": "http://e/a", "http://e/p": {"@id": "http://e/b"}}',
}


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def quads(path: Path, *, union: bool = False) -> list[str]:
    return sorted(str(quad) for quad in open_store(path, union=union))


def refusal(path: Path, limits: Expansion | None = None) -> str:
    with pytest.raises(SourceError) as refused:
        load_file(open_store(), path, limits=limits)
    return str(refused.value)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("compressed", [False, True])
def test_every_known_type_loads(name, compressed, tmp_path):
    content = FILES[name].encode()
    path = written(
        tmp_path / (name + ".gz" * compressed), gzip.compress(content, mtime=0) if compressed else content
    )
    assert quads(path) == [TRIPLE.removesuffix(" .")]


def test_an_unknown_type_is_refused_with_the_known_ones():
    with pytest.raises(EnvironmentFault, match=r"a\.txt: unknown type of file; expected one of \.ttl"):
        media_type_of(Path("a.txt"))


def test_a_missing_file_is_told_in_one_line(tmp_path):
    with pytest.raises(EnvironmentFault, match="No such file") as missing:
        open_store(tmp_path / "no.ttl")
    assert "\n" not in str(missing.value)


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "a.ttl").mkdir()
    with pytest.raises(EnvironmentFault, match="cannot be read"):
        open_store(tmp_path / "a.ttl")


def test_a_syntax_error_names_line_and_column(tmp_path):
    path = written(tmp_path / "a.ttl", '<a> <b> <c> .\n\n<é> "x" <d> .\n')
    with pytest.raises(SourceError) as refused:
        open_store(path)
    (fault,) = refused.value.faults
    assert (fault.path, fault.line, fault.column) == (str(path), 3, "5")
    assert "valid predicate" in fault.message


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.nt", b'<http://e/a> <http://e/b> "\xff" .\n'),
        ("a.ttl", b'<http://e/a> <http://e/b> "cut'),
        ("a.ttl", "<http://e/a> <http://e/b> 1 .".encode("utf-16")),
        ("a.rdf", b"<rdf:RDF"),
        ("a.jsonld", b'{"@id": '),
        ("a.ttl.gz", gzip.compress(b"x" * 1000, mtime=0)[:-9]),
        ("a.ttl.gz", b"not compressed"),
    ],
)
def test_broken_input_is_a_source_error(name, content, tmp_path):
    assert name in refusal(written(tmp_path / name, content))


def test_a_broken_file_adds_nothing(tmp_path):
    store = open_store()
    with pytest.raises(SourceError):
        load_file(store, written(tmp_path / "a.nt", TRIPLE + "\nbroken"))
    assert len(store) == 0


def test_a_byte_order_mark_is_skipped(tmp_path):
    assert len(quads(written(tmp_path / "a.ttl", b"\xef\xbb\xbf" + TRIPLE.encode()))) == 1


def test_relative_iris_show_no_folder(tmp_path):
    assert quads(written(tmp_path / "a.ttl", "<#x> <http://e/p> <y> .")) == [
        "<file:///a.ttl#x> <http://e/p> <file:///y>"
    ]


def test_graphs_stay_apart(tmp_path):
    path = written(tmp_path / "a.trig", f"{TRIPLE} <http://e/g> {{ <http://e/x> <http://e/p> 1 }}")
    assert len(quads(path)) == 2
    assert not any("http://e/x" in quad and "http://e/g" not in quad for quad in quads(path))


def test_the_union_holds_every_triple_once(tmp_path):
    path = written(tmp_path / "a.trig", f"<http://e/g> {{ {TRIPLE} }} <http://e/h> {{ {TRIPLE} }}")
    assert quads(path, union=True) == sorted(
        [
            TRIPLE.removesuffix(" ."),
            TRIPLE.removesuffix(".") + "<http://e/g>",
            TRIPLE.removesuffix(".") + "<http://e/h>",
        ]
    )


def test_from_is_heeded_beside_a_union():
    engine = Engine()
    engine.load_quads(
        b"<http://e/a> <http://e/p> <http://e/b> <http://e/g> .\n"
        b"<http://e/c> <http://e/p> <http://e/d> <http://e/h> .\n"
    )
    engine.unite_graphs()
    assert len(engine.select("SELECT * { ?s ?p ?o }")[1]) == 2
    assert len(engine.select("SELECT * FROM <http://e/g> { ?s ?p ?o }")[1]) == 1


def test_a_remote_context_is_not_fetched(tmp_path):
    path = written(
        tmp_path / "a.jsonld", '{"@context": "http://127.0.0.1:9/c", "@id": "http://e/a", "name": "x"}'
    )
    assert "remote JSON-LD contexts are not fetched" in refusal(path)


def test_imports_are_only_triples(tmp_path):
    path = written(
        tmp_path / "a.ttl", "<http://e/o> <http://www.w3.org/2002/07/owl#imports> <http://127.0.0.1:9/x> ."
    )
    assert len(quads(path)) == 1


def doctype(declarations: str, body: str = "") -> str:
    return f'<?xml version="1.0"?><!DOCTYPE r [{declarations}]><rdf:RDF {RDF}>{body}</rdf:RDF>'


def test_many_references_to_a_long_entity_are_refused(tmp_path):
    """Each is harmless; together they would unfold to hundreds of times the file."""
    head = f'<!DOCTYPE a [<!ENTITY e "{"x" * 500}">]>'
    body = f'<rdf:RDF {RDF}><rdf:Description rdf:about="http://e/a"><e:p>{"&e;" * 100_000}</e:p>'
    path = written(tmp_path / "a.rdf", head + body + "</rdf:Description></rdf:RDF>")
    assert refusal(path).endswith("so often that it unfolds to 8 times its size")


def test_a_literal_too_long_for_the_engine_is_told(tmp_path):
    path = written(tmp_path / "a.nt", f'<http://e/a> <http://e/p> "{"x" * (17 << 20)}" .\n')
    assert "longer than the engine reads" in refusal(path)


def test_entities_for_namespaces_pass(tmp_path):
    body = '<rdf:Description rdf:about="&e;a"><e:p rdf:resource="&e;b"/></rdf:Description>'
    assert len(quads(written(tmp_path / "a.rdf", doctype('<!ENTITY e "http://e/">', body)))) == 1


@pytest.mark.parametrize(
    "content",
    [
        doctype('<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'),
        doctype('<!ENTITY a SYSTEM "file:///etc/passwd">'),
        doctype('<!ENTITY % a "x">'),
        doctype(f'<!ENTITY a "{"x" * 600}">'),
        doctype("".join(f'<!ENTITY a{number} "x">' for number in range(65))),
        # The engine takes declarations anywhere, so a late one is as dangerous.
        f'<rdf:RDF {RDF}>{"<e:C/>" * 100_000}<!DOCTYPE r [<!ENTITY a "&b;">]></rdf:RDF>',
    ],
    ids=["nested", "external", "parameter", "long", "many", "late"],
)
def test_entities_that_could_multiply_are_refused(content, tmp_path):
    assert "declares" in refusal(written(tmp_path / "a.rdf", content))


def test_a_declaration_across_two_reads_is_still_seen(tmp_path):
    padding = "<!--" + "x" * ((1 << 18) - 60) + "-->"
    for shift in range(0, 40, 3):
        content = padding + " " * shift + doctype('<!ENTITY a "x"><!ENTITY b "&a;">')
        assert "declares" in refusal(written(tmp_path / "a.rdf", content))


def test_a_compressed_bomb_is_refused(tmp_path):
    path = written(tmp_path / "a.ttl.gz", gzip.compress(b" " * 50_000_000, mtime=0))
    assert "unfolds to more than 200 times its size" in refusal(path)


def test_what_unfolds_far_is_refused_sooner_the_longer_it_is(tmp_path):
    path = written(tmp_path / "a.nt.gz", gzip.compress(f"{TRIPLE}\n".encode() * 10_000, mtime=0))
    limits = Expansion(bytes=1000, long_ratio=2)
    assert "unfolds to more than 1000 bytes, 2 times its size" in refusal(path, limits)
    load_file(Store(), path, limits=Expansion(bytes=1000, long_ratio=10_000, ratio=10_000))


def test_a_file_that_is_not_packed_may_be_of_any_length(tmp_path):
    path = written(tmp_path / "a.nt", f"{TRIPLE}\n" * 100)
    load_file(store := Store(), path, limits=Expansion(bytes=10, grace=10))
    assert len(store) == 1
