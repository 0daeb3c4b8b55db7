"""`python -m services.orchestrator.check FOLDER…`: everything wrong with project folders, without deploying them."""

import sys
from pathlib import Path

from engine.folder import read_folder
from services.orchestrator.engine import Project, ProjectRefused


def main(folders: list[str]) -> int:
    """Print each folder's problems; 1 when there are any."""
    failed = 0
    for name in folders:
        try:
            project = Project(read_folder(Path(name)))
            print(
                f"{name}: {len(project.programs)} 个流程可部署，{project.scenarios} 个情景通过 (processes, scenarios)"
            )
        except ProjectRefused as refused:
            failed += 1
            for one in refused.problems:
                print(f"{name}/{one['file']} {one['element']}: {one['message']}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
