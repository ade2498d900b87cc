"""The command that checks a claim against mechanism and trials: check."""

from __future__ import annotations

from typing import Annotated

import typer

from ketagraph import explain, releases
from ketagraph.claims import Joint
from ketagraph.cli import app
from ketagraph.cli.asking import ReleaseFolder, opened

__all__: list[str] = []

_SUPPORTED = {Joint.CONCORDANT_BENEFIT, Joint.BENEFIT_WITHOUT_MECHANISM, Joint.TRANSIENT_BENEFIT}
_UNDECIDED = {Joint.MECHANISM_ONLY, Joint.UNTESTED, Joint.UNKNOWN}


@app.command()
def check(
    subject: Annotated[str, typer.Argument(help="A therapy or other concept: label, synonym, CURIE or IRI.")],
    relation: Annotated[str, typer.Argument(help="A signed relation: relieves, worsens, prevents …")],
    object_: Annotated[str, typer.Argument(metavar="OBJECT", help="A condition or other concept.")],
    hops: Annotated[int, typer.Option(min=1, max=8, help="Longest mechanism path, in steps.")] = 4,
    release: ReleaseFolder = None,
) -> None:
    """Check a claim: is there a mechanism, what sign, which trials bear on it, who says otherwise.

    Exit 0 where the evidence supports the claim, 1 where it speaks against it or is mixed, 7 where
    nothing decides.
    """
    _, engine = opened(release)
    dossier = releases.dossier(engine)
    judgement = dossier.evidence.judge(dossier.claim(subject, relation, object_), hops=hops)
    labels = {**dossier.lexicon.labels, **{iri: each.label for iri, each in dossier.relations.items()}}
    for line in explain.lines(judgement, labels):
        typer.echo(line)
    raise typer.Exit(0 if judgement.verdict in _SUPPORTED else 7 if judgement.verdict in _UNDECIDED else 1)
