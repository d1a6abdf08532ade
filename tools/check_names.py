"""Check names in Python files and templates: `python tools/check_names.py [PATH ...]`.

Without a path it checks all tracked files. Reports, a line each, and exits with 1 where there is
any:
- a name that says nothing (BANNED): of a variable, argument, attribute, function, class, import,
  caught exception or captured pattern, and of a variable that a template tag sets;
- two classes of one name in the product;
- an import of the project's own names with `as`.
"""

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

BANNED = {"told", "one", "found", "mine", "said", "kept", "what"}
PACKAGES = {"benchmarks", "candidates", "evaluator", "jobs", "tests", "tools"}
TEMPLATE_SUFFIXES = (".html", ".txt")
TEMPLATE_TAG = re.compile(r"{%\s*\w+\s(.*?)%}", re.DOTALL)
# `for a, b in rows`, `with name=value` and `with value as name`, outside of quoted text.
TEMPLATE_NAME = re.compile(r"(?:^|,)\s*(\w+)(?=[\s\w,]*\sin\s)|(\w+)=|\sas\s+(\w+)")
QUOTED = re.compile(r""" "[^"]*"|'[^']*' """, re.VERBOSE)
SHARED_CLASS_NAMES = {"Command", "Migration"}  # Django finds these by name


def main(paths: list[str]) -> int:
    files = paths or _tracked()
    problems: list[str] = []
    classes: dict[str, list[str]] = defaultdict(list)
    for path in files:
        text = Path(path).read_text(encoding="utf-8")
        if path.endswith(TEMPLATE_SUFFIXES):
            problems += _template_names(path, text)
            continue
        tree = ast.parse(text, path)
        problems += _names(path, tree)
        problems += _renamed_imports(path, tree)
        if not path.startswith(("tests/", "benchmarks/", "tools/")):
            for node in tree.body:
                if isinstance(node, ast.ClassDef) and node.name not in SHARED_CLASS_NAMES:
                    classes[node.name].append(f"{path}:{node.lineno}")
    for name, places in classes.items():
        if len(places) > 1:
            problems.append(f"{places[0]}: class {name} is also at {', '.join(places[1:])}")
    sys.stdout.writelines(f"{line}\n" for line in problems)
    return 1 if problems else 0


def _tracked() -> list[str]:
    patterns = ["*.py", *(f"*/templates/*{suffix}" for suffix in TEMPLATE_SUFFIXES)]
    patterns += [f"templates/*{suffix}" for suffix in TEMPLATE_SUFFIXES]
    listed = subprocess.run(
        ["git", "ls-files", *patterns], capture_output=True, text=True, check=True
    )
    return [path for path in listed.stdout.split() if "/migrations/" not in path]


def _names(path: str, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        for name in _names_set_by(node):
            if _is_banned(name):
                line = getattr(node, "lineno", 0)
                yield f"{path}:{line}: the name {name} does not say what it is"


def _names_set_by(node: ast.AST) -> list[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
            names = [name]
        case ast.arg(arg=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            names = [name]
        case ast.ClassDef(name=name):
            names = [name]
        case ast.ExceptHandler(name=name) | ast.MatchAs(name=name) | ast.MatchStar(name=name):
            names = [name or ""]
        case ast.MatchMapping(rest=name):
            names = [name or ""]
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            names = [alias.asname or "" for alias in aliases]
        case ast.Call(keywords=keywords):
            names = [keyword.arg or "" for keyword in keywords]
        case _:
            names = []
    return names


def _is_banned(name: str) -> bool:
    return name.lower().strip("_") in BANNED


def _template_names(path: str, text: str) -> Iterator[str]:
    for tag in TEMPLATE_TAG.finditer(text):
        for groups in TEMPLATE_NAME.findall(QUOTED.sub('""', tag[1])):
            name = "".join(groups)
            if _is_banned(name):
                line = text.count("\n", 0, tag.start()) + 1
                yield f"{path}:{line}: the name {name} does not say what it is"


def _renamed_imports(path: str, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            aliases = [alias for alias in node.names if alias.name.split(".")[0] in PACKAGES]
        elif isinstance(node, ast.ImportFrom):
            is_own = node.level or (node.module or "").split(".")[0] in PACKAGES
            aliases = node.names if is_own else []
        else:
            continue
        for alias in aliases:
            if alias.asname and alias.asname != alias.name:
                yield f"{path}:{node.lineno}: {alias.name} is imported as {alias.asname}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
