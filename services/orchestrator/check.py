"""`python -m services.orchestrator.check FOLDER…`: everything wrong with project folders, without deploying them."""

import sys
from pathlib import Path

from services.orchestrator.engine import Project, ProjectRefused


def folder_files(folder: Path) -> dict[str, str]:
    """A project folder as it is deployed: its own files, and the shared diagrams under `library/`."""
    found = {
        path.name: path.read_text(encoding="utf-8") for path in sorted(folder.iterdir()) if path.is_file()
    }
    library = folder.parent.parent / "library"
    for path in sorted(library.glob("*.bpmn")) if library.is_dir() else []:
        found[f"library/{path.name}"] = path.read_text(encoding="utf-8")
    return found


def main(folders: list[str]) -> int:
    """Print each folder's problems; 1 when there are any."""
    failed = 0
    for name in folders:
        try:
            project = Project(folder_files(Path(name)))
            print(f"{name}: {len(project.programs)} 个流程可部署 (processes, deployable)")
        except ProjectRefused as refused:
            failed += 1
            for one in refused.problems:
                print(f"{name}/{one['file']} {one['element']}: {one['message']}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
