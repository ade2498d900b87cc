"""The tools, asked by the library's own client; and the command, over standard input and output."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("mcp")
from mcp import Client, StdioServerParameters

from ketagraph import mcp_server, releases
from ketagraph.mcp_server import Limits

SOURCE = str(Path(mcp_server.__file__).parents[1])
STUDY = "SELECT ?s WHERE { ?s a <https://w3id.org/ketagraph/Study> }"
ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"


def asked(release: releases.Release, work: Callable[[Any], Awaitable[Any]], **limits: float) -> Any:
    async def run() -> Any:
        async with Client(mcp_server.server(release, Limits(**limits))) as client:  # type: ignore[arg-type]
            return await work(client)

    return asyncio.run(run())


def call(release: releases.Release, tool: str, arguments: dict[str, Any], **limits: float) -> Any:
    return asked(release, lambda client: client.call_tool(tool, arguments), **limits)


def test_there_are_six_tools_with_descriptions(release: releases.Release) -> None:
    tools = asked(release, lambda client: client.list_tools()).tools
    assert sorted(tool.name for tool in tools) == [
        *("compare_trials", "describe_schema", "find_entity", "get_evidence", "judge_claim", "run_query")
    ]
    assert all(tool.description for tool in tools)


def test_entities_are_found_by_external_identifiers(release: releases.Release) -> None:
    found = call(release, "find_entity", {"name": "CHEBI:6121"}).structured_content
    assert (found["found"], found["curie"], found["label"]) == (True, "keta:Ketamine", "ketamine")
    found = call(release, "find_entity", {"name": "fibromyalgi"}).structured_content
    assert found["found"] is False
    assert "fibromyalgia" in found["suggestions"]


def test_a_query_is_answered_and_says_whether_it_was_cut(release: releases.Release) -> None:
    whole = call(release, "run_query", {"query": STUDY}).structured_content
    assert (whole["rows"], whole["truncated"]) == (release.counts["studies"], False)
    cut = call(release, "run_query", {"query": STUDY}, max_rows=3).structured_content
    assert (cut["rows"], cut["truncated"]) == (3, True)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT * { SERVICE <http://127.0.0.1/> { ?s ?p ?o } }", "SERVICE"),
        ("DELETE WHERE { ?s ?p ?o }", "update"),
        (ENDLESS, "stopped|deadline|time"),
    ],
)
def test_the_guard_and_the_limits_hold(release: releases.Release, query: str, said: str) -> None:
    answer = call(release, "run_query", {"query": query}, timeout=1.0)
    assert answer.is_error
    import re

    assert re.search(said, answer.content[0].text, re.IGNORECASE)


def test_claims_are_judged_with_their_reasons(release: releases.Release) -> None:
    asked_for = {"subject": "ketamine", "relation": "relieves", "object": "fibromyalgia"}
    found = call(release, "judge_claim", asked_for).structured_content
    assert (found["verdict"], found["standing"]) == ("mechanism without benefit", "opposed")
    assert found["against"] != []
    wrong = call(release, "judge_claim", asked_for | {"subject": "ketamin"})
    assert wrong.is_error
    assert "did you mean" in wrong.content[0].text


def test_trials_stand_side_by_side(release: releases.Release) -> None:
    found = call(
        release, "compare_trials", {"condition": "fibromyalgia", "agent": "ketamine"}
    ).structured_content
    assert len(found["trials"]) > 0
    assert all("verdict" in each for each in found["findings"])


def test_evidence_comes_with_sentences(release: releases.Release) -> None:
    found = call(
        release, "get_evidence", {"claim": "kid:ketamine-antagonises-nmda-receptor"}
    ).structured_content
    assert "15.1" in {each["sentence"] for each in found["evidence"]}


def test_the_schema_names_classes_properties_and_limits(release: releases.Release) -> None:
    found = call(release, "describe_schema", {}).structured_content
    said = {(each["class"].rsplit("/")[-1], each["property"].rsplit("/")[-1]) for each in found["properties"]}
    assert ("Finding", "verdict") in said
    assert found["limits"]["max_rows"] == 1_000


def test_the_command_speaks_the_protocol(release: releases.Release) -> None:
    parameters = StdioServerParameters(
        command=sys.executable,
        args=["-c", "from ketagraph.cli import main; main()", "mcp", "--release", str(release.path.parent)],
        env={"PYTHONPATH": SOURCE},
    )

    async def run() -> Any:
        async with Client(parameters) as client:
            return await client.call_tool("run_query", {"query": STUDY})

    assert asyncio.run(run()).structured_content["rows"] == release.counts["studies"]


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture(scope="module")
def address(release: releases.Release) -> Iterator[str]:
    """Where the command serves over streamable HTTP."""
    port = free_port()
    code = "from ketagraph.cli import main; main()"
    arguments = ["mcp", "--transport", "streamable-http", "--port", str(port), "--release"]
    command = [sys.executable, "-c", code, *arguments, str(release.path.parent)]
    with subprocess.Popen(
        command, env=os.environ | {"PYTHONPATH": SOURCE}, stderr=subprocess.DEVNULL
    ) as process:
        try:
            end = time.monotonic() + 60
            while process.poll() is None and not listens(port):
                assert time.monotonic() < end
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}/mcp"
        finally:
            process.terminate()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_command_speaks_the_protocol_over_http(release: releases.Release, address: str) -> None:
    async def run() -> tuple[Any, Any]:
        async with Client(address) as client:
            found = await client.call_tool("run_query", {"query": STUDY})
            refused = await client.call_tool("run_query", {"query": "DELETE WHERE { ?s ?p ?o }"})
            return found, refused

    found, refused = asyncio.run(run())
    assert found.structured_content["rows"] == release.counts["studies"]
    assert refused.is_error


def test_two_clients_are_served_at_once_over_http(address: str) -> None:
    async def one() -> Any:
        async with Client(address) as client:
            return (await client.call_tool("find_entity", {"name": "CHEBI:6121"})).structured_content["curie"]

    async def both() -> list[Any]:
        return await asyncio.gather(one(), one())

    assert asyncio.run(both()) == ["keta:Ketamine"] * 2


def test_a_page_of_another_site_cannot_speak_to_it(address: str) -> None:
    headers = {"Origin": "https://elsewhere.example", "Accept": "application/json, text/event-stream"}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    assert httpx.post(address, json=body, headers=headers).status_code == 403
    assert httpx.post(address, json=body, headers={"Host": "elsewhere.example"}).status_code in (403, 421)
