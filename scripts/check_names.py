#!/usr/bin/env python3
"""Checks that no class, struct, union or enum is defined twice in one namespace, and that each is in
its folder's.

Two files that each define graft::Trainer compile and link, and the program then calls whichever
the linker kept (the one definition rule; no diagnostic is required). Forward declarations,
specializations and what is in an anonymous namespace do not count; a name that one file defines in
both branches of an #if is the compiler's to judge. The namespace of core/nn is graft::nn, that of
server graft::server; core/base, which all others use, is graft itself. Exit status 1 and a line a
name where it does not hold.
"""

import collections
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ("core", "wire", "server", "worker", "client")

# What is no code: comments, raw strings, strings, characters (not the ' in 1'000), preprocessor
# lines with their continuations.
NOISE = re.compile(
    r"""//[^\n]*
      | /\*.*?\*/
      | \bR"(?P<delimiter>[^(\s]*)\(.*?\)(?P=delimiter)"
      | "(?:[^"\\\n]|\\.)*"
      | (?<![0-9A-Fa-f])'(?:[^'\\\n]|\\.)+'
      | ^[ \t]*\#(?:[^\n\\]|\\.|\\\n)*""",
    re.DOTALL | re.MULTILINE | re.VERBOSE)
TOKEN = re.compile(r"[A-Za-z_]\w*|::|\[\[|\]\]|\S")
KEYS = ("class", "struct", "union", "enum")


def without_noise(text: str) -> str:
    """`text` with as many lines, and nothing in it but code."""
    def blank(match: re.Match) -> str:
        kept = '""' if match.group(0)[0] in '"R' else " "
        return kept + "\n" * match.group(0).count("\n")
    return NOISE.sub(blank, text)


def without_brackets(tokens: list[str], opening: str, closing: str) -> list[str]:
    kept, depth = [], 0
    for token in tokens:
        if token == opening:
            depth += 1
        elif token == closing:
            depth = max(depth - 1, 0)
        elif depth == 0:
            kept.append(token)
    return kept


def defined_name(head: list[str]) -> str | None:
    """The name that a declaration defines whose body begins behind `head`; None: no type's."""
    if head[:1] == ["template"]:
        depth = 0
        for end, token in enumerate(head):
            depth += (token == "<") - (token == ">")
            if depth == 0 and token == ">":
                break
        head = head[end + 1:]
    if "=" in head or not head or head[0] not in KEYS:
        return None
    words = head[1:]
    if words and words[0] in ("class", "struct"):  # enum class
        words = words[1:]
    words = without_brackets(words, "[[", "]]")
    if ":" in words:  # bases, or the type under an enum
        words = words[:words.index(":")]
    # alignas(64), __attribute__((packed)), MACRO("of a lock"): with its arguments.
    plain: list[str] = []
    depth = 0
    for word in words:
        if word == "(":
            if depth == 0:
                if not plain or not re.fullmatch(r"alignas|__attribute__|[A-Z][A-Z0-9_]+",
                                                 plain[-1]):
                    return None  # a function that returns a `struct x`
                plain.pop()
            depth += 1
        elif word == ")":
            depth -= 1
        elif depth == 0:
            plain.append(word)
    if "<" in plain:
        return None  # a specialization
    if plain and plain[-1] == "final":
        plain.pop()
    # Outer::Inner is one name.
    names: list[str] = []
    for word in plain:
        if names and (word == "::" or names[-1].endswith("::")):
            names[-1] += word
        else:
            names.append(word)
    if not names or any(not re.fullmatch(r"[A-Z][A-Z0-9_]+", macro) for macro in names[:-1]):
        return None  # no name at all, or a variable with its value in braces
    return names[-1] if re.fullmatch(r"[A-Za-z_][\w:]*", names[-1]) else None


def namespace_of(head: list[str]) -> str | None:
    """"a::b" where `head` opens a namespace, "" for an anonymous one; None: something else."""
    words = [word for word in without_brackets(head, "[[", "]]") if word != "inline"]
    if words[:1] != ["namespace"]:
        return None
    return "".join(words[1:])


def definitions(text: str) -> list[tuple[str, int]]:
    """(qualified name, line) of each type that a file defines at namespace scope."""
    found: list[tuple[str, int]] = []
    # Open braces: a namespace's name, "" of an anonymous one, "extern" of a language's, None of
    # anything else.
    scopes: list[str | None] = []
    head: list[str] = []
    parentheses = 0
    code = without_noise(text)
    line, last = 1, 0
    for match in TOKEN.finditer(code):
        token = match.group(0)
        line += code.count("\n", last, match.start())
        last = match.start()
        inside = bool(scopes) and scopes[-1] is None
        if token == "{":
            if inside or parentheses > 0:
                scopes.append(None)
                continue
            namespace = namespace_of(head)
            if namespace is not None:
                scopes.append(namespace)
            elif head[:1] == ["extern"]:
                scopes.append("extern")
            else:
                name = defined_name(head)
                if name is not None and "" not in scopes:
                    outer = [scope for scope in scopes if scope not in (None, "extern")]
                    found.append(("::".join([*outer, name]), line))
                scopes.append(None)
            head = []
        elif token == "}":
            if scopes:
                scopes.pop()
            head = []
        elif inside:
            continue
        elif token == ";" and parentheses == 0:
            head = []
        else:
            parentheses = max(parentheses + (token == "(") - (token == ")"), 0)
            head.append(token)
    return found


def duplicates(files: dict[str, str]) -> list[str]:
    """A line a name that more than one of `files` (path -> text) defines."""
    places: dict[str, dict[str, int]] = collections.defaultdict(dict)
    for path, text in files.items():
        for name, line in definitions(text):
            places[name].setdefault(path, line)
    return [f"{name} is defined more than once: "
            + ", ".join(f"{path}:{line}" for path, line in sorted(found.items()))
            for name, found in sorted(places.items()) if len(found) > 1]


def namespace_of_folder(path: str) -> str:
    """"graft::nn" of core/nn/ops/conv.cc."""
    first, second = path.split("/")[:2]
    if first == "core":
        return "graft" if second == "base" else f"graft::{second}"
    if first == "client":
        return "graft::cli" if second == "cli" else "graft::client"
    return f"graft::{first}"


def misplaced(files: dict[str, str]) -> list[str]:
    """A line a name that is not in the namespace of its file's folder."""
    found = []
    for path, text in files.items():
        want = namespace_of_folder(path) + "::"
        found += [f"{path}:{line}: {name} is to be in {want[:-2]}"
                  for name, line in definitions(text) if not name.startswith(want)]
    return found


def main() -> int:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--",
         *(f"{folder}/*.{ending}" for folder in FOLDERS for ending in ("h", "cc"))],
        cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    files = {path: (ROOT / path).read_text(encoding="utf-8")
             for path in listed if (ROOT / path).exists()}
    found = duplicates(files) + misplaced(files)
    for problem in found:
        print(problem)
    if not found:
        print(f"no name is defined twice, and each in its folder's namespace, in {len(files)} files")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
