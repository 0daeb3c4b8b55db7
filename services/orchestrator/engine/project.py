"""A project folder, read, checked and compiled: everything wrong with it is told at once."""

import tomllib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import orjson

from engine.dmn import DmnError, read_dmn
from engine.linter import errors, lint
from engine.runtime import Diagram, DiagramError, Program, compile_program, read_bpmn
from engine.scenario import ScenarioFailed, play
from engine.suggest import did_you_mean
from services.orchestrator.engine.commands import build_command, data_names, operators

SHARED = "library:"
"""A process of project.toml that is a whole shared diagram: `township = "library:township_t"`."""
CACHE = 200


class ProjectRefused(Exception):
    """A project folder that can't be deployed; `problems` says everything at once."""

    def __init__(self, problems: list[dict[str, str]]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = problems


class Project:
    """A project folder read and compiled: manifest, programs by process name, rules and form schema."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files
        self._problems: list[dict[str, str]] = []
        self._diagrams: dict[str, Diagram | None] = {}
        self.manifest = self._manifest()
        library = self._library()
        self._shared_nodes(library)
        self.programs: dict[str, Program] = {}
        self.rules = {name: text for name, text in files.items() if name.endswith(".dmn") and "/" not in name}
        self.form_schema = self._schema()
        decisions = self._decisions()
        for process, filename in self._processes().items():
            self._process(process, filename, decisions, library)
        self.scenarios = self._scenarios()
        if self._problems:
            raise ProjectRefused(self._problems)

    def _add(self, file: str, element: str, text: str) -> None:
        self._problems.append({"file": file, "element": element, "message": text})

    def _manifest(self) -> dict[str, Any]:
        text = self._files.get("project.toml")
        if text is None:
            raise ProjectRefused(
                [{"file": "project.toml", "element": "", "message": "缺少项目清单 (no project.toml)"}]
            )
        try:
            manifest = tomllib.loads(text)
        except tomllib.TOMLDecodeError as wrong:
            place = f"项目清单不是有效的 TOML (not valid TOML): {wrong}"
            raise ProjectRefused([{"file": "project.toml", "element": "", "message": place}]) from None
        for name in ("code", "name", "processes"):
            if name not in manifest:
                self._add("project.toml", name, f"缺少 {name} (missing)")
        return manifest

    def _shared_nodes(self, library: Mapping[str, Diagram]) -> None:
        """Merge the library's own nodes under the project's, for the shared elements that this project reaches."""
        text = self._files.get("library/nodes.toml", "")
        try:
            shared = tomllib.loads(text).get("nodes", {})
        except tomllib.TOMLDecodeError as wrong:
            self._add("library/nodes.toml", "", f"不是有效的 TOML (not valid TOML): {wrong}")
            return
        todo, reached = [self._diagram(name, library) for name in self._processes().values()], set()
        elements: set[str] = set()
        while todo:
            diagram = todo.pop()
            if diagram is not None and diagram.process_id not in reached:
                reached.add(diagram.process_id)
                elements |= diagram.elements.keys()
                todo += [library.get(name) for name in diagram.calls]
        own = self.manifest.setdefault("nodes", {})
        for element in shared:
            if element in elements:
                own[element] = shared[element] | own.get(element, {})

    def _processes(self) -> dict[str, str]:
        found = self.manifest.get("processes", {})
        return {str(name): str(file) for name, file in found.items()} if isinstance(found, dict) else {}

    def _diagram(self, filename: str, library: Mapping[str, Diagram]) -> Diagram | None:
        """A process's diagram, its own or a shared one; None when there is none or it can't be read."""
        if filename not in self._diagrams:
            if filename.startswith(SHARED):
                self._diagrams[filename] = library.get(filename.removeprefix(SHARED))
            else:
                text = self._files.get(filename)
                self._diagrams[filename] = None if text is None else self._read(filename, text)
        return self._diagrams[filename]

    def _schema(self) -> dict[str, Any]:
        try:
            loaded: dict[str, Any] = orjson.loads(self._files.get("form.schema.json", "{}"))
        except orjson.JSONDecodeError:
            self._add("form.schema.json", "", "不是有效的 JSON (not valid JSON)")
            return {}
        return loaded

    def _decisions(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, text in self.rules.items():
            try:
                found |= read_dmn(text.encode())
            except DmnError as wrong:
                for one in wrong.problems:
                    self._add(name, one.element_id, str(one))
            except DiagramError as wrong:
                self._add(name, "", str(wrong))
        return found

    def _library(self) -> dict[str, Diagram]:
        found: dict[str, Diagram] = {}
        for name, text in self._files.items():
            if name.startswith("library/") and name.endswith(".bpmn"):
                diagram = self._read(name, text)
                if diagram is not None:
                    found[diagram.process_id] = diagram
        return found

    def _read(self, name: str, text: str) -> Diagram | None:
        try:
            return read_bpmn(text.encode(), name)
        except DiagramError as wrong:
            for one in wrong.problems:
                self._add(name, one.element_id, str(one))
            return None

    def _process(
        self, process: str, filename: str, decisions: dict[str, Any], library: dict[str, Diagram]
    ) -> None:
        diagram = self._diagram(filename, library)
        if diagram is None:
            shared = filename.startswith(SHARED)
            if shared or filename not in self._files:
                known = [f"{SHARED}{one}" for one in library] if shared else list(self._files)
                self._add(
                    "project.toml",
                    process,
                    f"找不到流程图 {filename}{did_you_mean(filename, known)} (no such diagram)",
                )
            return
        names = data_names(self.manifest)
        nodes = {
            element: facts
            for element, facts in self.manifest.get("nodes", {}).items()
            if element in diagram.elements or any(element in one.elements for one in library.values())
        }
        found = errors(lint(diagram, operators(), nodes, decisions, library, names))
        for one in found:
            self._add(filename, one.element_id, str(one))
        if found:
            return
        try:
            self.programs[process] = compile_program(diagram, decisions, library, names)
        except DiagramError as wrong:
            for one in wrong.problems:
                self._add(filename, one.element_id, str(one))

    def _scenarios(self) -> int:
        """Play the folder's scenarios; returns how many there are."""
        outcomes = {name: one.outcomes for name, one in operators().items()}
        forms = {name: node.get("form", []) for name, node in self.manifest["nodes"].items()}
        files = {name: text for name, text in self._files.items() if name.startswith("scenarios/")}
        for name, text in files.items():
            try:
                scenario = tomllib.loads(text)
                if scenario["process"] in self._processes() and scenario["process"] not in self.programs:
                    continue  # its diagram is refused: said already
                program = self.programs[scenario["process"]]
                start = scenario.get("start", {}) | {"project_version": "scenario"}
                play(program, scenario | {"start": start}, outcomes, build_command, forms)
            except tomllib.TOMLDecodeError as wrong:
                self._add(name, "", f"不是有效的 TOML (not valid TOML): {wrong}")
            except KeyError as missing:
                self._add(name, "", f"缺少或未知 {missing} (missing or unknown)")
            except ScenarioFailed as failed:
                self._add(name, "", str(failed))
        return len(files)


class Programs:
    """Compiled projects by version; compiling again after a restart costs some milliseconds each."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Project] = OrderedDict()

    def get(self, version: str) -> Project | None:
        if version in self._known:
            self._known.move_to_end(version)
        return self._known.get(version)

    def add(self, version: str, files: Mapping[str, str]) -> Project:
        """Raises ProjectRefused."""
        project = self._known[version] = Project(files)
        while len(self._known) > CACHE:
            self._known.popitem(last=False)
        return project
