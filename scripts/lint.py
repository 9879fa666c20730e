#!/usr/bin/env python3
"""Runs clang-tidy on graft's sources that do not need LibTorch, several at a time, and remembers what passed.

A file is linted again when it, a header of graft's, or .clang-tidy changed. Files that include
LibTorch take most of a minute each: the `tidy` preset lints those while it builds with clang.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Folders whose sources do not need LibTorch.
LIGHT = re.compile(r"^(core/(base|model|telemetry|jobs|store|artifacts|image|data|nn|engine|evaluation|novelty|drift|"
                   r"recipes|serving)|wire|server|worker|client|tools)/.*\.cc$")


def include_closure(path: pathlib.Path, seen: dict[pathlib.Path, bytes]) -> None:
    """The file and every header of graft's that it reaches."""
    if path in seen or not path.exists():
        return
    seen[path] = path.read_bytes()
    for name in re.findall(rb'^\s*#\s*include\s*"([^"]+)"', seen[path], re.M):
        include_closure(ROOT / name.decode(), seen)


def key(path: pathlib.Path) -> str:
    seen: dict[pathlib.Path, bytes] = {}
    include_closure(path, seen)
    digest = hashlib.sha256((ROOT / ".clang-tidy").read_bytes())
    for name in sorted(seen):
        digest.update(str(name.relative_to(ROOT)).encode() + b"\0" + seen[name])
    return digest.hexdigest()


def lint(tool: str, database: pathlib.Path, path: pathlib.Path) -> tuple[pathlib.Path, bool, str]:
    run = subprocess.run(
        [tool, "-p", str(database), "--quiet", "--extra-arg=-Wno-unknown-warning-option",
         "--extra-arg=-Wno-unused-command-line-argument", str(path)],
        cwd=ROOT, capture_output=True, text=True)
    return path, run.returncode == 0, run.stdout + ("" if run.returncode == 0 else run.stderr)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/release", help="folder of compile_commands.json")
    parser.add_argument("--tool", default="clang-tidy-14")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()

    build = ROOT / arguments.build
    # One command a file: with the whole database, clang-tidy would lint a file once for each target
    # that compiles it. Without g++'s precompiled header, which clang cannot read: so this also shows
    # includes that a file lacks.
    chosen = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"])
        if (path.is_relative_to(ROOT) and LIGHT.match(str(path.relative_to(ROOT)))
                and "graft_pch_torch" not in entry["command"]):
            command = re.sub(r"-include \S*cmake_pch\.hxx|-Winvalid-pch|-fpch-preprocess", "",
                             entry["command"])
            chosen[path] = {**entry, "command": command}
    files = sorted(chosen)
    if not files:
        print(f"{build}/compile_commands.json names no file to lint")
        return 1
    database = build / "lint"
    database.mkdir(exist_ok=True)
    (database / "compile_commands.json").write_text(json.dumps([chosen[f] for f in files]))
    passed_file = build / "lint-passed.json"
    passed = set(json.loads(passed_file.read_text())) if passed_file.exists() else set()
    keys = {path: key(path) for path in files}
    todo = [path for path in files if keys[path] not in passed]
    print(f"{len(files)} files, {len(files) - len(todo)} unchanged since they passed", flush=True)

    failed = 0
    done = 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        runs = [pool.submit(lint, arguments.tool, database, path) for path in todo]
        for run in concurrent.futures.as_completed(runs):
            path, ok, output = run.result()
            done += 1
            if done % 20 == 0:
                print(f"{done} of {len(todo)}", flush=True)
            if ok:
                passed.add(keys[path])
                passed_file.write_text(json.dumps(sorted(passed)))  # also for a run cut short
            else:
                failed += 1
                print(output, flush=True)
    if failed:
        print(f"clang-tidy: {failed} of {len(files)} files have findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
