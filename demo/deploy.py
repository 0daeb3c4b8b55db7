"""`python -m demo.deploy DIR`: deploy a project's folder to the running system through its API."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from demo.client import Portal, Refused
from demo.journal import Journal
from engine.folder import read_folder
from stack.parked import running_portal
from stack.paths import HOME


async def deploy(portal: Portal, who: str, folder: Path) -> dict[str, Any]:
    """Post the folder; raises Refused with every problem of the diagrams and rules."""
    answer: dict[str, Any] = await portal.post(
        who, "/api/orchestrator/v1/projects", {"files": read_folder(folder)}
    )
    portal.receipt("project", str(answer["version"]))
    return answer


async def main(folder: Path) -> int:
    """Exit 0 when it is deployed; 1 with every problem otherwise."""
    try:
        address = running_portal()
        with Journal(HOME / "run" / "deploy") as journal:
            portal = Portal(address, journal)
            try:
                answer = await deploy(portal, "operator@5399", folder)
            finally:
                await portal.close()
    except (ValueError, Refused) as problem:
        print(f"未部署 (not deployed): {problem}", file=sys.stderr)
        for one in problem.problem.get("problems", []) if isinstance(problem, Refused) else []:
            print(f"  {one}", file=sys.stderr)
        return 1
    text = "内容未变 (unchanged)" if answer["unchanged"] else "已部署 (deployed)"
    print(f"{text}: {answer['project']} 第 {answer['number']} 版 ({', '.join(answer['processes'])})")
    print(json.dumps(answer, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("用法 (usage): make deploy-project DIR=bpmn/projects/…")
    raise SystemExit(asyncio.run(main(Path(sys.argv[1]))))
