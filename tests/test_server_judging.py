"""The routes that judge claims, over HTTP without a network."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from ketagraph.dossier import Dossier
from ketagraph.server import judging


@pytest.fixture
def client(dossier: Dossier) -> TestClient:
    app = FastAPI()
    app.include_router(judging.routes(lambda: dossier))
    return TestClient(app)


def test_a_claim_is_judged_with_its_qualifiers(client: TestClient) -> None:
    asked = {"subject": "ketamine", "relation": "antagonises", "object": "mu opioid receptor"}
    verdicts = {
        dose: client.post("/api/judge", json={**asked, "dose": dose}).json()["verdict"]
        for dose in ("anaesthetic", "subanaesthetic")
    }
    assert verdicts == {"anaesthetic": "stated", "subanaesthetic": "contested"}


def test_a_chain_is_checked(client: TestClient) -> None:
    nodes = ["ketamine", "NMDA receptor", "sensitisation", "complex regional pain syndrome"]
    found = client.post("/api/paths", json={"nodes": nodes, "relations": ["blocks", "decreases", "relieves"]})
    assert found.status_code == 200
    assert (found.json()["standing"], found.json()["composes"]) == ("supported", True)


def test_an_unknown_name_is_a_problem_with_suggestions(client: TestClient) -> None:
    found = client.post("/api/judge", json={"subject": "NMDA", "relation": "relieves", "object": "pain"})
    assert found.status_code == 422
    assert found.headers["content-type"] == "application/problem+json"
    assert "NMDA receptor antagonism" in found.json()["suggestions"]


@pytest.mark.parametrize(
    "question",
    [
        {"subject": "ketamine", "relation": "relieves"},
        {"subject": "ketamine", "relation": "relieves", "object": "pain", "hops": 99},
        {"subject": "ketamine", "relation": "relieves", "object": "pain", "colour": "red"},
        {"subject": "ketamine" * 100, "relation": "relieves", "object": "pain"},
    ],
)
def test_a_question_that_does_not_fit_its_model_is_refused(
    client: TestClient, question: dict[str, object]
) -> None:
    assert client.post("/api/judge", json=question).status_code == 422


def test_the_answers_are_described_for_openapi(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    assert {"/api/judge", "/api/paths"} <= set(described["paths"])
    assert {"JudgementAnswer", "ChainAnswer", "PathAnswer"} <= set(described["components"]["schemas"])
