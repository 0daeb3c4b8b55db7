"""The checker judges the rooms, so it may not lean on anything of theirs; the rule is proven by a violation."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent
MAY = {"asyncpg", "orjson", "cryptography", "checker", *sys.stdlib_module_names}


def foreign(text: str) -> Iterator[str]:
    """Packages that a module imports and may not, relative and late imports included."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names = [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = ["." * node.level + (node.module or "")]
        elif isinstance(node, ast.Name) and node.id in ("__import__", "exec", "eval"):
            names = [node.id]
        else:
            continue
        yield from (name for name in names if name.partition(".")[0] not in MAY)


def test_the_checker_imports_nothing_of_what_it_checks() -> None:
    modules = sorted(FOLDER.glob("*.py"))
    assert len(modules) > 10
    assert {path.name: names for path in modules if (names := list(foreign(path.read_text())))} == {}


def test_the_rule_sees_a_violation() -> None:
    planted = "import orjson\n\ndef f():\n    from kit.audit import verify\n    import services.batch\n"
    assert list(foreign(planted)) == ["kit.audit", "services.batch"]
    assert list(foreign("from .. import kit\n__import__('kit')")) == ["..", "__import__"]
