#!/usr/bin/env python3
"""Checks that includes follow the layers of ARCHITECTURE.md.

Each folder names the folders it may include; each vendor names the folders that may include it; some
folders name a vendor that they may not reach by any way.
Exit status 1 and one line a violation where they do not hold.
"""

import collections
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Folder -> folders whose headers it may include, besides its own. Longest prefix wins.
ALLOWED = {
    "core/base": [],
    "core/model": ["core/base"],
    "core/telemetry": ["core/base"],
    "core/jobs": ["core/base"],
    "core/artifacts": ["core/base"],
    "core/image": ["core/base", "core/model"],
    "core/data": ["core/base", "core/model", "core/image"],
    "core/store": ["core/base", "core/jobs"],
    "core/nn": ["core/base", "core/model", "core/artifacts", "core/data"],
    "core/engine": ["core/base", "core/model", "core/nn"],
    "core/backbones": ["core/base", "core/model", "core/artifacts", "core/data", "core/nn"],
    "core/features": ["core/base", "core/model", "core/artifacts", "core/data", "core/nn",
                      "core/backbones"],
    "core/evaluation": ["core/base"],
    "core/novelty": ["core/base", "core/model"],
    "core/drift": ["core/base", "core/model"],
    "core/recipes": ["core/base", "core/model"],
    "core/tasks": ["core/base", "core/model", "core/data", "core/nn", "core/recipes",
                   "core/evaluation"],
    "core/inputs": ["core/base", "core/model", "core/image", "core/data"],
    "core/training": ["core/base", "core/model", "core/artifacts", "core/image", "core/data",
                      "core/nn", "core/recipes", "core/backbones", "core/features",
                      "core/evaluation", "core/novelty", "core/tasks", "core/inputs"],
    "core/ranking": ["core/base", "core/model", "core/data", "core/nn", "core/backbones", "core/features",
                     "core/evaluation", "core/tasks"],
    "core/serving": ["core/base", "core/model", "core/artifacts", "core/image", "core/data",
                     "core/store", "core/jobs", "core/nn", "core/engine", "core/backbones",
                     "core/features", "core/novelty", "core/drift", "core/tasks"],
    "core/publishing": ["core/base", "core/model", "core/data", "core/engine", "core/backbones",
                        "core/novelty", "core/drift", "core/tasks", "core/training",
                        "core/serving"],
    "wire": ["core", "generated"],
    "server/base": ["core", "wire"],
    "server/config": ["core", "wire"],
    "server/request_log": ["core", "server/base"],
    "server/capture": ["core", "wire", "server/base"],
    "server/api": ["core", "wire", "generated", "server/base", "server/capture", "server/config",
                   "server/request_log"],
    "server/rpc": ["core", "wire", "generated", "server/base", "server/api"],
    "server/http": ["core", "server/base"],
    "server/jobs": ["core", "wire", "server/base"],
    "server/workers": ["core", "wire", "generated", "server/base", "server/config", "server/rpc"],
    "server/app": ["core", "wire", "generated", "server"],
    "worker": ["core", "wire", "generated"],
    "tools": ["core"],
    "client": ["generated"],
    "bench": ["core", "wire", "generated", "tests"],
    "tests": ["core", "wire", "server", "worker", "client", "tools", "generated"],
}

# Folder -> pattern of includes that it may not have although it may have others of that folder.
FORBIDDEN = {
    # One task's own: what serving knows of a task is core/tasks/decoder.h.
    "core/serving": r"core/tasks/[^/]+/",
    # Nor the list of all of them: training is given its task (core/tasks/task.h).
    "core/training": r"core/tasks/([^/]+/|catalog\.h)",
    "core/publishing": r"core/tasks/([^/]+/|catalog\.h)",
}

# Pattern of an include -> folders that may have it.
VENDORS = {
    r"opencv2/|turbojpeg\.h|jpeglib\.h|jerror\.h": ["core/image"],
    r"sqlite3\.h": ["core/store/sqlite"],
    r"archive\.h|archive_entry\.h": ["core/data", "client/lib"],
    r"utf8proc\.h": ["core/data"],
    r"prometheus/": ["core/telemetry"],
    r"civetweb": ["server/http"],
    r"(torch|ATen|c10)/": ["core/nn", "core/engine", "core/backbones", "core/features", "core/tasks",
                           "core/training", "core/ranking", "core/serving", "core/publishing",
                           "tools/device_check"],
    r"grpc|.*\.grpc\.pb\.h": ["wire", "server/rpc", "server/workers", "worker", "client"],
    r"google/(protobuf|rpc)|graft/|.*\.pb\.h": ["wire", "server", "worker", "client"],
    r"spdlog/": ["server", "worker", "wire", "client"],
    r"CLI/": ["server", "worker", "client"],
    r"openssl/": ["core/base"],
    r"openvino/": ["core/engine/openvino"],
    r"curl/": ["core/artifacts/blob/s3"],
}
# Folders in which no line has a word of one task either.
TASK_FREE = ("core/serving/", "core/training/")
WORDS_OF_A_TASK = re.compile(r"class_names|labels|accuracy|top_k")
VENDOR_FREE = ("tests/", "bench/")  # may use what they test

# Folder -> vendor whose headers its files may not reach, through whatever they include: what is kept
# free of it, so that another can take its place.
FREE_OF = {
    "core/engine/openvino": r"(torch|ATen|c10)/",
    "core": r"grpc|google/|graft/",
    "server/api": r"grpc|.*\.grpc\.pb\.h",
    "server/base": r"grpc|.*\.grpc\.pb\.h",
    "server/capture": r"grpc|.*\.grpc\.pb\.h",
    "server/request_log": r"grpc|.*\.grpc\.pb\.h",
    "server/config": r"grpc|.*\.grpc\.pb\.h",
    "server/http": r"grpc|.*\.grpc\.pb\.h",
    "server/jobs": r"grpc|.*\.grpc\.pb\.h",
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def folder_rule(path: str) -> str | None:
    """The entry of ALLOWED for a file."""
    matches = [folder for folder in ALLOWED if path.startswith(folder + "/")]
    return max(matches, key=len, default=None)


def sources() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.h", "*.cc"],
        cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    return [name for name in listed if (ROOT / name).exists()]


def violations(path: str, text: str) -> list[str]:
    found = []
    rule = folder_rule(path)
    if rule is None:
        return [f"{path}: in no folder that scripts/check_arrows.py knows; add it there"]
    for number, line in enumerate(text.splitlines(), 1):
        if path.startswith(TASK_FREE) and WORDS_OF_A_TASK.search(line):
            found.append(f"{path}:{number}: a word of one task, where there is to be none")
        match = INCLUDE.match(line)
        if not match:
            continue
        target = match.group(2)
        where = f"{path}:{number}"
        if folder_rule(target) is not None:
            allowed = [rule] + ALLOWED[rule]
            if not any(target.startswith(folder + "/") for folder in allowed):
                found.append(f"{where}: {rule} may not include {target}")
            elif rule in FORBIDDEN and re.match(FORBIDDEN[rule], target):
                found.append(f"{where}: {rule} may not include {target}, which is one task's")
        elif not path.startswith(VENDOR_FREE):
            for pattern, folders in VENDORS.items():
                if re.match(pattern, target):
                    if not any(path.startswith(folder + "/") for folder in folders):
                        found.append(f"{where}: {target} belongs behind {', '.join(folders)}")
                    break
    return found


def includes(text: str) -> list[str]:
    """What a file includes, as written."""
    return [match.group(2) for match in map(INCLUDE.match, text.splitlines()) if match]


def reaches(path: str, vendor: str, graph: dict[str, list[str]]) -> list[str]:
    """A shortest way from a file to a header of the vendor: [path, ..., header], or [] for none."""
    ways = collections.deque([[path]])
    seen = {path}
    while ways:
        way = ways.popleft()
        for target in graph.get(way[-1], []):
            if target in seen:
                continue
            seen.add(target)
            if target in graph:
                ways.append(way + [target])
            elif re.match(vendor, target):
                return way + [target]
    return []


def reached_vendors(graph: dict[str, list[str]]) -> list[str]:
    found = []
    for path in graph:
        for folder, vendor in FREE_OF.items():
            way = reaches(path, vendor, graph) if path.startswith(folder + "/") else []
            if way:
                found.append(f"{folder} is to be free of {way[-1]}: {' -> '.join(way)}")
    return found


def main() -> int:
    found = []
    graph = {}
    for path in sources():
        text = (ROOT / path).read_text(encoding="utf-8")
        found += violations(path, text)
        graph[path] = includes(text)
    found += reached_vendors(graph)
    for line in found:
        print(line)
    if not found:
        print(f"layers hold in {len(graph)} files")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
