"""Coverage-guided fuzzing of every framer, parser and session, for a bounded time.

``python -m torture.fuzz SECONDS`` fuzzes each half of each link that long, and keeps in ``torture/corpus/`` what
reaches code that nothing there reached before.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import msgspec

from torture.corpus import FOLDER, LINKS
from torture.orders import ROOT
from torture.scenario import Scenario, Stage

HALVES: Final = ("bytes", "session")
AT_ONCE: Final = 2

INPUT_BYTES_MAX: Final = 1_024
"""Several frames of any protocol; longer ones are for the sizes' own tests."""

KEPT_MAX: Final = 30
"""Inputs kept of each target: the longest, because they reach most; the rest is found again within seconds."""

INPUT_S_MAX: Final = 5
"""An input that takes longer has found a loop."""

START_S: Final = 60.0
"""What a process may need beside the time that it fuzzes."""


class Fuzzed(msgspec.Struct, frozen=True):
    """What came of one half of one link: inputs tried, edges of code reached, and what it ended with if badly."""

    target: str
    inputs: int
    edges: int
    fault: str = ""


async def fuzzed(stage: Stage) -> str:
    """Both halves of every link."""
    if find_spec("atheris") is None:
        stage.claim("atheris is installed", holds=False, seen="there is none for this Python or machine")
        return "nothing"
    found = await fuzz_all(stage.folder, stage.times, stage.rng.randrange(1, 2**31))
    for one in found:
        stage.claim(
            "only declared errors are raised",
            not one.fault,
            f"{one.target}: {one.fault}" if one.fault else "",
        )
    inputs, edges = sum(one.inputs for one in found), sum(one.edges for one in found)
    return f"{inputs:,} inputs to {len(found)} targets, {stage.times} s each; {edges:,} edges reached"


async def fuzz_all(folder: Path, run_s: int, seed: int) -> list[Fuzzed]:
    """Some at a time; what they find goes into folders of this folder."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(name: str, half: str) -> Fuzzed:
        async with gate:
            return await fuzz(folder / f"{name}-{half}", name, half, run_s, seed)

    return list(await asyncio.gather(*(one(name, half) for name in LINKS for half in HALVES)))


async def fuzz(found: Path, name: str, half: str, run_s: int, seed: int) -> Fuzzed:
    """One target, which begins with what is kept."""
    found.mkdir()  # noqa: ASYNC240 - a moment
    seeds = FOLDER / name
    kept = seeds / half
    folders = [str(found), str(seeds), *([str(kept)] if kept.is_dir() else [])]
    output = await _run(
        name, half, f"-max_total_time={run_s}", f"-seed={seed}", f"-artifact_prefix={found}/",
        f"-max_len={INPUT_BYTES_MAX}", f"-timeout={INPUT_S_MAX}", "-print_final_stats=1", *folders,
        patience_s=run_s + START_S,
    )  # fmt: skip
    inputs = re.search(r"stat::number_of_executed_units: (\d+)", output)
    edges = re.findall(r"cov: (\d+)", output)
    fault = "" if "Done" in output and "ERROR" not in output else fault_in(output, found)
    return Fuzzed(f"{name} {half}", int(inputs[1]) if inputs else 0, int(edges[-1]) if edges else 0, fault)


def fault_in(output: str, found: Path) -> str:
    """The exception that it ended with, and the input that raised it."""
    raised = [line for line in output.splitlines() if re.match(r"\s*(\w+\.)*\w*(Error|Exception)\b", line)]
    inputs = [
        path.read_bytes().hex()
        for path in found.iterdir()
        if path.name.startswith(("crash", "timeout", "oom"))
    ]
    return f"{raised[-1].strip() if raised else output[-500:]} from {inputs}"


async def _run(
    name: str, half: str, *arguments: str, patience_s: float, env: Mapping[str, str] | None = None
) -> str:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "torture.fuzz_target", name, half, *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=ROOT,
        env={**os.environ, **(env or {})},
    )
    try:
        async with asyncio.timeout(patience_s):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return output.decode(errors="replace")


async def keep(run_s: int) -> None:
    """Fuzz, and add to the corpus what reaches new code."""
    with tempfile.TemporaryDirectory(prefix="wayside-fuzz-") as folder:
        for one in await fuzz_all(Path(folder), run_s, seed=1):
            print(one)
        for name in LINKS:
            for half in HALVES:
                old, new = FOLDER / name / half, Path(folder) / f"{name}-{half}-merged"
                new.mkdir()
                sources = [FOLDER / name, *([old] if old.is_dir() else []), Path(folder) / f"{name}-{half}"]
                again = Path(folder) / f"{name}-{half}-again"
                again.write_text(
                    f'#!/bin/sh\nexec {sys.executable} -m torture.fuzz_target {name} {half} "$@"\n'
                )
                again.chmod(0o700)
                await _run(
                    *(name, half, "-merge=1", str(new), *map(str, sources)),
                    patience_s=run_s + START_S,
                    env={"TORTURE_FUZZ_AGAIN": str(again)},
                )
                shutil.rmtree(old, ignore_errors=True)
                old.mkdir()
                for path in sorted(new.iterdir(), key=_size)[-KEPT_MAX:]:
                    shutil.copy(path, old)


def _size(path: Path) -> int:
    return path.stat().st_size


SCENARIOS: Final = (
    Scenario(
        "fuzz",
        "coverage-guided fuzzing of framers, parsers and sessions",
        fuzzed,
        (),
        None,
        times=15,
    ),
)


if __name__ == "__main__":
    asyncio.run(keep(int(sys.argv[1])))
