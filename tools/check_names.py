"""Check names in Python files: `python tools/check_names.py [PATH ...]`, all tracked files without.

Reports, a line each, and exits with 1 where there is any:
- a variable, argument, attribute, function or class whose name says nothing (BANNED);
- two classes of one name in the product;
- an import of the project's own names with `as`.
"""

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

BANNED = {"told", "one", "found", "mine", "said", "kept", "what"}
PACKAGES = {"benchmarks", "candidates", "evaluator", "jobs", "tests", "tools"}
SHARED_CLASS_NAMES = {"Command", "Migration"}  # Django finds these by name


def main(paths: list[str]) -> int:
    files = paths or _tracked()
    problems: list[str] = []
    classes: dict[str, list[str]] = defaultdict(list)
    for path in files:
        tree = ast.parse(Path(path).read_text(encoding="utf-8"), path)
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
    listed = subprocess.run(["git", "ls-files", "*.py"], capture_output=True, text=True, check=True)
    return [path for path in listed.stdout.split() if "/migrations/" not in path]


def _names(path: str, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        name = ""
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            name = node.id
        elif isinstance(node, ast.arg):
            name = node.arg
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            name = node.attr
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = node.name
        if name.lower().strip("_") in BANNED:
            yield f"{path}:{getattr(node, 'lineno', 0)}: the name {name} does not say what it is"


def _renamed_imports(path: str, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom):
            continue
        package = (node.module or "").split(".")[0]
        if node.level or package in PACKAGES:
            for alias in node.names:
                if alias.asname and alias.asname != alias.name:
                    yield f"{path}:{node.lineno}: {alias.name} is imported as {alias.asname}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
