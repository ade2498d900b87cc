"""A claim and the evidence in, a judgement out: is there a mechanism, do trials bear it out, who disagrees.

Pure: no RDF, no files, no clock. Trials outrank paths; what a source merely says is listed and decides
nothing. A claim of mechanism that no trial decides is judged by :mod:`.standing`. The joint
verdict, for a claim of benefit (a claim of harm has the same table with *harm* for *benefit*):

==================================  =========================  ==========================================
trials (:class:`ClinicalKind`)      mechanism agrees           it opposes, abstains or is absent
==================================  =========================  ==========================================
supports: benefit, none null        concordant benefit         benefit without modelled mechanism
transient: none lasting             transient benefit          transient benefit
mixed: lasting benefit and null     mixed                      mixed
harms                               contradicted               contradicted
null against placebo or the like    mechanism without benefit  contradicted
null against active drugs only      mechanism without benefit  contradicted if it opposes, else untested
untested: no finding decides        mechanism only             contradicted if it opposes, else untested,
                                                               or unknown
==================================  =========================  ==========================================

*Untested*: nothing decides, but something is known — a path without a sign or against another, findings
with another purpose or outcome, a statement. *Unknown*: no path, no finding and no statement.
A trial whose benefit is followed by nothing at a later stated time is transient; transient with null
trials is transient (they agree in the end), transient with lasting benefit is supports. A finding decides
if its drugs are the subject's alone, its purpose is the claim's, it is human, comparative and about pain.
"""

from __future__ import annotations

from ketagraph.claims.chain import Chain, Link, LinkStanding, Step, check_chain
from ketagraph.claims.clinical import Clinical, ClinicalKind, Trial
from ketagraph.claims.hierarchy import Hierarchy
from ketagraph.claims.judge import HOPS, MAX_PATHS, BodyOfEvidence, judge
from ketagraph.claims.judgement import Evidence, EvidenceKind, Joint, Judgement, Missing, Reason, Standing
from ketagraph.claims.mechanism import Mechanism, MechanismKind
from ketagraph.claims.model import (
    Certainty,
    Claim,
    Comparator,
    Effect,
    Finding,
    Scope,
    Sign,
    Statement,
    Verdict,
)
from ketagraph.claims.paths import Hop, Path
from ketagraph.claims.readings import Bearing, Note, Reading

__all__ = [
    "HOPS",
    "MAX_PATHS",
    "Bearing",
    "BodyOfEvidence",
    "Certainty",
    "Chain",
    "Claim",
    "Clinical",
    "ClinicalKind",
    "Comparator",
    "Effect",
    "Evidence",
    "EvidenceKind",
    "Finding",
    "Hierarchy",
    "Hop",
    "Joint",
    "Judgement",
    "Link",
    "LinkStanding",
    "Mechanism",
    "MechanismKind",
    "Missing",
    "Note",
    "Path",
    "Reading",
    "Reason",
    "Scope",
    "Sign",
    "Standing",
    "Statement",
    "Step",
    "Trial",
    "Verdict",
    "check_chain",
    "judge",
]
