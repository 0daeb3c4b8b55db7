"""A project folder as the files that are checked and deployed: its own, and the shared diagrams of the library."""

from pathlib import Path

SUFFIXES = frozenset({".toml", ".bpmn", ".dmn", ".json"})


def read_folder(folder: Path, library: Path | None = None) -> dict[str, str]:
    """Relative path → text; shared diagrams come under `library/` (default: `../../library` beside the projects).

    Raises ValueError when the folder has no project.toml.
    """
    if not (folder / "project.toml").is_file():
        raise ValueError("文件夹中没有 project.toml (the folder has no project.toml)")
    shared = library if library is not None else folder.resolve().parent.parent / "library"
    found = {one.relative_to(folder).as_posix(): one for one in sorted(folder.rglob("*"))}
    if shared.is_dir():
        found |= {f"library/{one.relative_to(shared).as_posix()}": one for one in sorted(shared.rglob("*"))}
    return {
        name: path.read_text(encoding="utf-8")
        for name, path in found.items()
        if path.is_file() and path.suffix in SUFFIXES
    }
