"""`python -m services.orchestrator.check FOLDER…`: everything wrong with project folders, without deploying them.

`--new SLUG --like SLUG --code CODE --name NAME` makes a folder from another one; `--reference` prints the tables of
docs/adding-a-project.md.
"""

import argparse
import re
import sys
from pathlib import Path

from engine.folder import read_folder
from services.orchestrator.engine import Project, ProjectRefused
from services.orchestrator.engine.reference import reference

PROJECTS = Path("bpmn/projects")
SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def check(folders: list[str]) -> int:
    """Print each folder's problems by file; 1 when there are any."""
    failed = 0
    for name in folders:
        try:
            project = Project(read_folder(Path(name)))
            print(
                f"{name}: {len(project.programs)} 个流程可部署，{project.scenarios} 个情景通过 (processes, scenarios)"
            )
        except ValueError as missing:
            failed += 1
            print(f"{name}: {missing}")
        except ProjectRefused as refused:
            failed += 1
            print(f"{name}: 不能部署，{len(refused.problems)} 处问题 (problems)")
            for one in sorted(refused.problems, key=lambda problem: problem["file"]):
                print(f"  {one['file']} {one['element']}: {one['message']}")
    return 1 if failed else 0


def make(slug: str, like: str, code: str, name: str, projects: Path = PROJECTS) -> Path:
    """A new folder like another one, with its own code and name. Raises ValueError for what can't be made."""
    source, target = projects / like, projects / slug
    if not SLUG.fullmatch(slug):
        raise ValueError("文件夹名只能是小写字母、数字和连字符 (lower case, digits and hyphens only)")
    if not re.fullmatch(r"\d{5,6}", code):
        raise ValueError("项目编码须为 5–6 位数字 (a project's code has 5 or 6 digits)")
    if target.exists():
        raise ValueError(f"{target} 已存在 (exists already)")
    if not (source / "project.toml").is_file():
        raise ValueError(f"没有项目 {source} (no such project)")
    for other in sorted(projects.glob("*/project.toml")):
        if f'\ncode = "{code}"\n' in other.read_text(encoding="utf-8"):
            raise ValueError(f"编码 {code} 已用于 {other.parent.name} (the code is taken)")
    manifest = (source / "project.toml").read_text(encoding="utf-8")
    former = {key: _value(manifest, key) for key in ("code", "name")}
    for path in sorted(one for one in source.rglob("*") if one.is_file()):
        text = path.read_text(encoding="utf-8").replace(f'"{former["code"]}"', f'"{code}"')
        text = text.replace(former["name"], name).replace(like, slug)
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text, encoding="utf-8")
    return target


def _value(manifest: str, key: str) -> str:
    found = re.search(rf'^{key} = "([^"]*)"', manifest, re.MULTILINE)
    if found is None:
        raise ValueError(f"project.toml 缺少 {key} (missing)")
    return found[1]


def main(arguments: list[str]) -> int:
    """The command line; exit 1 when something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m services.orchestrator.check", description=__doc__)
    parser.add_argument("folders", nargs="*", help="项目文件夹 (project folders)")
    parser.add_argument("--new", metavar="SLUG", help="新建项目文件夹 (make a folder)")
    parser.add_argument("--like", metavar="SLUG", help="以此项目为样本 (from this one)")
    parser.add_argument("--code", metavar="CODE", help="项目编码 (code)")
    parser.add_argument("--name", metavar="NAME", help="项目名称 (Chinese name)")
    parser.add_argument("--reference", action="store_true", help="命令、事实与清单键 (commands, facts, keys)")
    given = parser.parse_args(arguments)
    if given.reference:
        print(reference())
        return 0
    if given.new:
        if not (given.like and given.code and given.name):
            parser.error("--new 需要 --like、--code、--name (needs these three)")
        try:
            print(f"已建立 (made): {make(given.new, given.like, given.code, given.name)}")
        except ValueError as wrong:
            print(f"未建立 (not made): {wrong}", file=sys.stderr)
            return 1
        return 0
    if not given.folders:
        parser.error("请给出项目文件夹 (name a project folder)")
    return check(given.folders)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
