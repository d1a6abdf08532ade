"""Measure the structure of the product: `python tools/structure.py [ROOT]` prints a Markdown table.

A room is a direct child of a package, a file or a folder; an arrow is one room importing another
of the same package, counted once however many lines do so. A circle is a set of modules that reach
each other by imports. Imports inside functions count, those for types only do not. Tests and
migrations are left out.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

PACKAGES = ("evaluator", "jobs", "candidates")
ROOMS = ("jobs", "candidates", "candidates.reading", "candidates.scoring")
LONG_FILE_LINES = 400


def main(root: Path) -> None:
    paths = {_module(root, path): path for path in _files(root)}
    sources = {module: path.read_text(encoding="utf-8") for module, path in paths.items()}
    trees = {module: ast.parse(source) for module, source in sources.items()}
    lengths = {
        f"{module}.{node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for module, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    lines = {module: source.count("\n") for module, source in sources.items()}
    long_files = {module: n for module, n in lines.items() if n > LONG_FILE_LINES}
    imports = {module: set(_imports(module, trees, paths)) for module in trees}
    longest = max(lengths, key=lambda name: lengths[name])
    circles = _circles(imports)
    rows = [
        ("modules / lines of Python", f"{len(trees)} / {sum(lines.values()):,}"),
        ("median module, lines", f"{median(lines.values()):.0f}"),
        ("functions", f"{len(lengths):,}"),
        ("median function, lines", f"{median(lengths.values()):.0f}"),
        ("longest function, lines", f"{lengths[longest]} (`{longest}`)"),
        (f"files above {LONG_FILE_LINES} lines", _listed(long_files)),
        *((f"`{package}`: rooms / arrows", _rooms(package, imports)) for package in ROOMS),
        ("circles of modules", str(len(circles)) + "".join(f"; {' ↔ '.join(c)}" for c in circles)),
    ]
    sys.stdout.write("| measure | value |\n|---|---|\n")
    sys.stdout.writelines(f"| {name} | {value} |\n" for name, value in rows)


def _files(root: Path) -> list[Path]:
    return [
        path
        for package in PACKAGES
        for path in sorted((root / package).rglob("*.py"))
        if "migrations" not in path.parts
    ]


def _module(root: Path, path: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(module: str, trees: dict[str, ast.Module], paths: dict[str, Path]) -> Iterator[str]:
    """The modules of the product that this one imports."""
    package = module if paths[module].name == "__init__.py" else module.rpartition(".")[0]
    for node in _outside_type_checking(trees[module]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in trees)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            for alias in node.names:
                target = f"{base}.{alias.name}" if f"{base}.{alias.name}" in trees else base
                if target in trees and target != module:
                    yield target


def _outside_type_checking(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from _outside_type_checking(node)


def _rooms(package: str, imports: dict[str, set[str]]) -> str:
    def room(module: str) -> str:
        inside = module.startswith(f"{package}.")
        return module.removeprefix(f"{package}.").split(".")[0] if inside else ""

    rooms = {room(module) for module in imports} - {""}
    arrows = {
        (room(module), room(target))
        for module, targets in imports.items()
        for target in targets
        if room(module) and room(target) and room(module) != room(target)
    }
    return f"{len(rooms)} / {len(arrows)}"


def _circles(imports: dict[str, set[str]]) -> list[list[str]]:
    """Sets of two or more modules that reach each other."""
    reach = {module: _reachable(module, imports) for module in imports}
    circles: set[tuple[str, ...]] = set()
    for module in imports:
        both = {other for other in reach[module] if module in reach[other]}
        if both - {module}:
            circles.add(tuple(sorted(both | {module})))
    return [list(circle) for circle in sorted(circles)]


def _reachable(start: str, imports: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for target in imports.get(waiting.pop(), set()) - seen:
            seen.add(target)
            waiting.append(target)
    return seen


def _listed(files: dict[str, int]) -> str:
    ordered = sorted(files.items(), key=lambda item: -item[1])
    named = ", ".join(f"`{module}` {n}" for module, n in ordered)
    return f"{len(files)}{': ' + named if named else ''}"


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
