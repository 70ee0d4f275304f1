"""Writes docs/ports.md from the code: ``python -m tests.support.ports_page``, or ``make docs``."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[2]
PORTS = PROJECT / "src" / "ledgerbank_domain" / "ports"
ADAPTERS = PROJECT / "src" / "ledgerbank_adapters"
PAGE = PROJECT / "docs" / "ports.md"

HEAD = """\
# Ports

What the domain asks of the outside: one protocol each, and who keeps it. Their docstrings are law, and what
several adapters keep is tested by one suite over all of them. Written by `make docs` from the code: change
that, not this page.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A protocol: where it is, what it says of itself, and what it asks for, in its own order."""

    name: str
    path: Path
    said: str
    members: tuple[str, ...]


def ports() -> Iterator[Port]:
    for path in sorted(PORTS.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        for node in classes_of(tree):
            if "Protocol" in bases_of(node):
                yield Port(
                    name=node.name,
                    path=path.relative_to(PROJECT),
                    said=first_paragraph(node) or first_paragraph(tree),
                    members=tuple(members_of(node)),
                )


def keepers() -> dict[str, list[tuple[str, str]]]:
    """For each name that adapters derive from: the class that does, and the adapter it is in."""
    kept: dict[str, list[tuple[str, str]]] = {}
    for path in sorted(ADAPTERS.rglob("*.py")):
        adapter = path.relative_to(ADAPTERS).parts[0]
        for node in classes_of(ast.parse(path.read_text("utf-8"))):
            for base in bases_of(node):
                kept.setdefault(base, []).append((node.name, adapter))
    return kept


def classes_of(tree: ast.Module) -> Iterator[ast.ClassDef]:
    return (node for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_"))


def bases_of(node: ast.ClassDef) -> set[str]:
    """Without parameters: ``Protocol[Held]`` is ``Protocol``."""
    return {ast.unparse(base.value if isinstance(base, ast.Subscript) else base) for base in node.bases}


def members_of(node: ast.ClassDef) -> Iterator[str]:
    for member in node.body:
        if isinstance(member, ast.AnnAssign):
            yield ast.unparse(member.target)
        elif isinstance(member, ast.FunctionDef) and (member.name == "__call__" or member.name[0] != "_"):
            yield member.name


def first_paragraph(node: ast.ClassDef | ast.Module) -> str:
    paragraph = (ast.get_docstring(node) or "").split("\n\n")[0]
    return re.sub(r":\w+:(?=`)", "", " ".join(paragraph.split()).replace("``", "`"))


def section(port: Port, kept_by: list[tuple[str, str]]) -> str:
    where = (
        ", ".join(f"`{name}` ({adapter})" for name, adapter in kept_by)
        or "classes that fit it without deriving from it"
    )
    asks = ", ".join(f"`{member}`" for member in port.members) or "nothing of its own"
    return f"\n## {port.name}\n\n{port.said}\n\n- in `{port.path}`\n- asks for {asks}\n- kept by {where}\n"


def ports_page() -> str:
    kept = keepers()
    return HEAD + "".join(
        section(port, kept.get(port.name, [])) for port in sorted(ports(), key=lambda port: port.name)
    )


if __name__ == "__main__":
    PAGE.write_text(ports_page(), "utf-8")
