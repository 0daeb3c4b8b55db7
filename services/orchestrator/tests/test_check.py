"""The author's check: every committed project passes, and each planted error is told at its place, in words."""

import ast
import re
import shutil
import tomllib
from pathlib import Path

import pytest

from engine.folder import read_folder
from services.orchestrator.check import make
from services.orchestrator.engine import Project, ProjectRefused
from services.orchestrator.engine.facts import FACTS
from services.orchestrator.engine.reference import reference

PROJECTS = Path("bpmn/projects")
HOUSEHOLDS = "rural-minimum-living"
PLANTED = tomllib.loads(Path(__file__).with_name("planted.toml").read_text(encoding="utf-8"))["error"]


def problems(files: dict[str, str]) -> list[dict[str, str]]:
    with pytest.raises(ProjectRefused) as refused:
        Project(files)
    return refused.value.problems


@pytest.mark.parametrize("folder", sorted(one.name for one in PROJECTS.iterdir()))
def test_every_committed_project_holds(folder: str) -> None:
    files = read_folder(PROJECTS / folder)
    project = Project(files)
    assert project.scenarios >= 8
    played = "\n".join(text for name, text in files.items() if name.startswith("scenarios/"))
    for kind in ("supplement", "reissue"):
        assert f'kind = "{kind}"' in played
    assert re.search(r'decision = "return(_lines)?"', played)


@pytest.mark.parametrize("error", PLANTED, ids=lambda one: f"{one['file']} {one['said']}")
def test_a_planted_error_is_told_at_its_place(error: dict[str, str]) -> None:
    files = read_folder(PROJECTS / error.get("folder", HOUSEHOLDS))
    text = files[error["file"]]
    assert error["old"] in text
    found = problems(files | {error["file"]: text.replace(error["old"], error["new"])})
    here = [
        one for one in found if one["element"].endswith(error["place"]) and error["said"] in one["message"]
    ]
    assert here, found


def test_everything_is_told_at_once() -> None:
    files = read_folder(PROJECTS / HOUSEHOLDS)
    manifest = (
        files["project.toml"].replace("[nodes.asset_check]", "[nodes.asset_chek]").replace(', "R14"', "")
    )
    rules = files["rules.dmn"].replace(
        '"R05_out_evidence"><text>"duplicate"', '"R05_out_evidence"><text>"twice"'
    )
    found = problems(files | {"project.toml": manifest, "rules.dmn": rules})
    assert {one["file"] for one in found} >= {"project.toml", "rules.dmn", "intake.bpmn"}


def test_a_version_deployed_before_a_check_was_added_is_still_loaded() -> None:
    files = read_folder(PROJECTS / HOUSEHOLDS)
    careless = files["project.toml"].replace(', "R14"', "")
    assert problems(files | {"project.toml": careless})
    assert Project(files | {"project.toml": careless}, strict=False).programs


def test_the_facts_are_those_of_verification() -> None:
    source = Path("services/verification/domain/rulebook.py").read_text(encoding="utf-8")
    named = next(
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "FACTS"
    )
    assert set(FACTS) == set(ast.literal_eval(named))


GUIDE = Path("docs/adding-a-project.md")


def test_the_guides_own_example_holds(tmp_path: Path) -> None:
    """The files of "From an empty folder", laid out literally."""
    blocks = re.findall(r"^`([\w./]+)`\n\n```\w+\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.M | re.S)
    shutil.copytree("bpmn/library", tmp_path / "library")
    folder = tmp_path / "projects" / "severe-disability-care"
    for name, text in blocks:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    project = Project(read_folder(folder))
    assert (len(project.programs), project.scenarios) == (4, 1)


def test_the_guides_tables_are_what_the_code_knows() -> None:
    assert (
        GUIDE.read_text(encoding="utf-8").partition("<!-- reference -->\n")[2].strip() == reference().strip()
    )


def test_a_folder_made_like_another_holds_and_is_its_own(tmp_path: Path) -> None:
    shutil.copytree("bpmn", tmp_path / "bpmn")
    projects = tmp_path / "bpmn" / "projects"
    made = make("orphan-care", HOUSEHOLDS, "11850", "孤儿基本生活费", projects)
    project = Project(read_folder(made))
    assert (project.manifest["code"], project.manifest["name"]) == ("11850", "孤儿基本生活费")
    assert "11820" not in "".join(read_folder(made, tmp_path / "none").values())
    for slug, code in (("orphan-care", "11860"), ("Orphan", "11860"), ("orphans", "11820"), ("orphans", "1")):
        with pytest.raises(ValueError, match=r"\("):
            make(slug, HOUSEHOLDS, code, "孤儿基本生活费", projects)
