"""Debian's Jena as a class path: for the benchmark, and for the tests of engines."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from zipfile import ZipFile

__all__ = ["classpath", "missing"]

_JARS = Path("/usr/share/java")
_NEEDS = [
    "jena-arq",
    "jena-base",
    "jena-core",
    "jena-dboe-base",
    "jena-dboe-index",
    "jena-dboe-storage",
    "jena-dboe-trans-data",
    "jena-dboe-transaction",
    "jena-iri",
    "jena-shaded-guava",
    "jena-tdb2",
    "slf4j-api",
    "slf4j-nop",
    "xercesImpl",
    "xml-apis",
    "commons-lang3",
    "commons-io",
    "commons-codec",
    "commons-csv",
    "commons-compress",
    "libthrift",
    "thrift",
    "protobuf",
    "guava",
    "titanium-json-ld",
    "jakarta.json-api",
    "jsonld-java",
    "httpclient",
    "httpcore",
    "gson",
]


def missing() -> str:
    """Tell what is not installed; empty where all is."""
    if not (shutil.which("javac") and list(_JARS.glob("jena-arq-*.jar"))):
        return "a JDK or Debian's libapache-jena-java is not installed"
    return ""


def classpath(folder: Path) -> str:
    """Write a class path; ``folder`` gets what the jars lack."""
    _write_messages(folder)
    jars = [path for name in _NEEDS if (path := _JARS / f"{name}.jar").exists()]
    return os.pathsep.join([str(folder), *map(str, jars)])


def _write_messages(folder: Path) -> None:
    """Put message files where Debian 12's classes look for them: their package was renamed, not they."""
    found = "org/apache/jena/ext/"
    with ZipFile(_JARS / "jena-core.jar") as jar:
        for name in jar.namelist():
            if name.startswith(found + "xerces/") and name.endswith(".properties"):
                path = folder / name.removeprefix(found)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(jar.read(name))
