"""The tests mirror the product: the test of a module is found by the module's name."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TESTS = sorted(
    path.relative_to(ROOT / "tests")
    for package in ("candidates", "evaluator", "jobs")
    for path in (ROOT / "tests" / package).rglob("test_*.py")
)


@pytest.mark.parametrize("path", TESTS, ids=str)
def test_a_test_lies_where_its_module_does(path: Path) -> None:
    """`test_MODULE.py` or `test_MODULE_ASPECT.py`; the module may be the folder itself."""
    folder = ROOT / path.parent
    modules = {entry.stem for entry in folder.iterdir() if not entry.name.startswith("__init__")}
    modules |= {folder.name, "main"} if (folder / "__main__.py").exists() else {folder.name}
    name = path.stem.removeprefix("test_")

    assert any(name == module or name.startswith(f"{module}_") for module in modules)
