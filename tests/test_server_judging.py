"""The routes that judge claims, over HTTP without a network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator

from ketagraph import releases
from ketagraph.dossier import Dossier
from ketagraph.errors import EngineFailed, KetaGraphError, Overloaded
from ketagraph.server import judging
from paging import serving


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


CLAIM = {"subject": "ketamine", "relation": "relieves", "object": "fibromyalgia"}
CHAIN = {"nodes": ["ketamine", "NMDA receptor", "sensitisation"], "relations": ["blocks", "decreases"]}


@pytest.fixture(scope="module")
def served(release: releases.Release) -> Iterator[httpx.Client]:
    """The whole server, which handles what the routes alone do not."""
    with serving(release.data, release.path.parent) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def document(served: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = served.get("/openapi.json").json()
    return found


def faults(document: dict[str, Any], schema: dict[str, Any], value: object) -> list[str]:
    """Say where ``value`` is not what ``schema`` of the document describes."""
    whole = {**schema, "components": document["components"]}
    return [error.message for error in Draft202012Validator(whole).iter_errors(value)]


def described(document: dict[str, Any], path: str, answer: httpx.Response) -> dict[str, Any]:
    """Find the schema of an answer by its status and media type; nothing else counts as described."""
    content = document["paths"][path]["post"]["responses"][str(answer.status_code)]["content"]
    found: dict[str, Any] = content[answer.headers["content-type"]]["schema"]
    return found


@pytest.mark.parametrize(
    ("path", "question", "status", "kind"),
    [
        ("/api/judge", CLAIM, 200, ""),
        ("/api/judge", {**CLAIM, "object": "chronic pain", "hops": 3, "week": 12}, 200, ""),
        ("/api/judge", {**CLAIM, "relation": "antagonises", "object": "mu opioid receptor"}, 200, ""),
        ("/api/judge", {"subject": "ketamine"}, 422, "parameter"),
        ("/api/judge", {**CLAIM, "hops": "many"}, 422, "parameter"),
        ("/api/judge", {**CLAIM, "subject": "ketamin"}, 422, "unknown-name"),
        ("/api/judge", {**CLAIM, "subject": "NMDA"}, 422, "unknown-name"),
        ("/api/judge", {**CLAIM, "relation": "loves"}, 422, "unknown-name"),
        ("/api/judge", {**CLAIM, "via": "ketamine"}, 422, "unknown-name"),
        ("/api/judge", {**CLAIM, "sources": ["nobody-1900"]}, 422, "unknown-name"),
        ("/api/paths", CHAIN, 200, ""),
        ("/api/paths", {"nodes": ["ketamine", "fibromyalgia"]}, 200, ""),
        ("/api/paths", {"nodes": ["ketamine"]}, 422, "parameter"),
        ("/api/paths", {"nodes": ["ketamine", "ketamine"]}, 422, "unknown-name"),
        ("/api/paths", {**CHAIN, "relations": ["blocks"]}, 422, "unknown-name"),
    ],
)
def test_an_answer_is_what_openapi_describes_for_its_status(
    served: httpx.Client,
    document: dict[str, Any],
    path: str,
    question: dict[str, Any],
    status: int,
    kind: str,
) -> None:
    answer = served.post(path, json=question)
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert faults(document, described(document, path, answer), body) == []
    assert body.get("type", "").rpartition("/")[2] == kind
    assert body.get("status", 200) == status


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"subject=ketamine"])
@pytest.mark.parametrize("path", ["/api/judge", "/api/paths"])
def test_a_body_that_is_no_question_is_a_problem_as_described(
    served: httpx.Client, document: dict[str, Any], path: str, body: bytes
) -> None:
    answer = served.post(path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert faults(document, described(document, path, answer), answer.json()) == []


@pytest.mark.parametrize(("path", "question"), [("/api/judge", CLAIM), ("/api/paths", CHAIN)])
def test_the_question_that_is_described_is_the_one_that_is_taken(
    served: httpx.Client, document: dict[str, Any], path: str, question: dict[str, Any]
) -> None:
    operation = document["paths"][path]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert operation["operationId"] == path.rpartition("/")[2]
    assert faults(document, schema, question) == []
    for wrong in ({}, {**question, "hops": 99}, {**question, "colour": "red"}):
        assert faults(document, schema, wrong)
        assert served.post(path, json=wrong).status_code == 422


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("/api/judge", '"week": false'),
        ("/api/judge", '"week": "12"'),
        ("/api/judge", '"week": NaN'),
        ("/api/judge", '"week": Infinity'),
        ("/api/judge", '"week": 1e999'),
        ("/api/judge", '"hops": true'),
        ("/api/judge", '"hops": "3"'),
        ("/api/judge", '"dose": 7'),
        ("/api/judge", '"sources": "israel-2021"'),
        ("/api/paths", '"each": "yes"'),
        ("/api/paths", '"each": 1'),
        ("/api/paths", '"hops": "3"'),
    ],
)
def test_a_value_of_another_type_is_refused_and_not_converted(
    served: httpx.Client, path: str, wrong: str
) -> None:
    question = json.dumps(CLAIM if path == "/api/judge" else CHAIN)
    body = f"{question[:-1]}, {wrong}}}".encode()
    answer = served.post(path, content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (422, "parameter")
    assert wrong.split('"')[1] in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/api/judge", "/api/paths"])
def test_no_status_is_described_that_is_never_given(document: dict[str, Any], path: str) -> None:
    """What is asked for stands in the body, so nothing is not found, and nothing can be in conflict."""
    assert set(document["paths"][path]["post"]["responses"]) == {"200", "422", "502", "503", "default"}


@pytest.mark.parametrize(
    ("error", "status", "retry"),
    [(Overloaded("busy", retry_after=3), 503, "3"), (EngineFailed("gone"), 502, None)],
)
def test_data_that_cannot_be_read_are_a_problem_as_described(
    document: dict[str, Any], error: KetaGraphError, status: int, retry: str | None
) -> None:
    def unread() -> Dossier:
        raise error

    app = FastAPI()
    app.include_router(judging.routes(unread))
    answer = TestClient(app).post("/api/judge", json=CLAIM)
    assert (answer.status_code, answer.headers.get("retry-after")) == (status, retry)
    assert faults(document, described(document, "/api/judge", answer), answer.json()) == []
