"""A project folder, read, checked and compiled: everything wrong with it is told at once."""

import tomllib
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from engine.dmn import DmnError, read_dmn
from engine.linter import errors, lint
from engine.runtime import Diagram, DiagramError, Program, compile_program, read_bpmn
from engine.scenario import ScenarioFailed, play
from engine.suggest import did_you_mean
from services.orchestrator.engine import desks, manifest, routes, rules
from services.orchestrator.engine.commands import build_command, data_names, operators

SHARED = "library:"
"""A process of project.toml that is a whole shared diagram: `township = "library:township_t"`."""
NODES = "library/nodes.toml"
CACHE = 200


class ProjectRefused(Exception):
    """A project folder that can't be deployed; `problems` says everything at once."""

    def __init__(self, problems: list[dict[str, str]]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = problems


class Project:
    """A project folder read and compiled: manifest, programs by process name, rules and form schema.

    `strict` also looks at what the author meant and plays the scenarios. A version that was deployed once is
    loaded without: a check that is added later must not stop its running instances.
    """

    def __init__(self, files: Mapping[str, str], *, strict: bool = True) -> None:
        self._files = files
        self._problems: list[dict[str, str]] = []
        self.manifest = self._toml("project.toml")
        if self._problems:
            raise ProjectRefused(self._problems)
        self.programs: dict[str, Program] = {}
        self.rules = {name: text for name, text in files.items() if name.endswith(".dmn") and "/" not in name}
        self.form_schema = self._schema()
        self._library = self._shared()
        self._diagrams = self._own()
        self._merge_nodes()
        self._compile()
        self.scenarios = 0
        if strict:
            self._check()
            self.scenarios = self._play()
        if self._problems:
            raise ProjectRefused(self._problems)

    def _add(self, file: str, element: str, text: str) -> None:
        problem = {"file": file, "element": element, "message": text}
        if problem not in self._problems:
            self._problems.append(problem)

    def _toml(self, name: str) -> dict[str, Any]:
        if name not in self._files:
            self._add(name, "", "缺少文件 (missing file)")
            return {}
        try:
            return tomllib.loads(self._files[name])
        except tomllib.TOMLDecodeError as wrong:
            self._add(name, "", f"不是有效的 TOML (not valid TOML): {wrong}")
            return {}

    def _schema(self) -> dict[str, Any]:
        try:
            loaded: dict[str, Any] = orjson.loads(self._files.get("form.schema.json", "{}"))
        except orjson.JSONDecodeError:
            self._add("form.schema.json", "", "不是有效的 JSON (not valid JSON)")
            return {}
        return loaded

    def _shared(self) -> dict[str, Diagram]:
        """The diagrams of the library by process id."""
        names = [name for name in self._files if name.startswith("library/") and name.endswith(".bpmn")]
        found = [self._read(name) for name in names]
        return {diagram.process_id: diagram for diagram in found if diagram is not None}

    def _own(self) -> dict[str, Diagram]:
        """The diagrams of `[processes]` by process name, own and shared ones."""
        named = self.manifest.get("processes", {})
        found: dict[str, Diagram] = {}
        for process, place in named.items() if isinstance(named, dict) else ():
            filename = str(place)
            shared = filename.startswith(SHARED)
            if shared:
                diagram = self._library.get(filename.removeprefix(SHARED))
            else:
                diagram = self._read(filename) if filename in self._files else None
            if diagram is not None:
                found[process] = diagram
            elif shared or filename not in self._files:
                known = [f"{SHARED}{one}" for one in self._library] if shared else self._files
                near = did_you_mean(filename, known)
                self._add(
                    "project.toml", f"processes.{process}", f"找不到流程图 {filename}{near} (no such diagram)"
                )
        return found

    def _read(self, name: str) -> Diagram | None:
        try:
            return read_bpmn(self._files[name].encode(), name)
        except DiagramError as wrong:
            for one in wrong.problems:
                self._add(name, one.element_id, str(one))
            return None

    def _reached(self) -> dict[str, Diagram]:
        """The project's diagrams and all they call, by process id."""
        todo: list[Diagram | None] = list(self._diagrams.values())
        found: dict[str, Diagram] = {}
        while todo:
            diagram = todo.pop()
            if diagram is not None and diagram.process_id not in found:
                found[diagram.process_id] = diagram
                todo += [self._library.get(name) for name in diagram.calls]
        return found

    def _merge_nodes(self) -> None:
        """The library's nodes under the project's own, for the shared elements that this project reaches."""
        shared = self._toml(NODES).get("nodes", {}) if NODES in self._files else {}
        elements = {element for diagram in self._reached().values() for element in diagram.elements}
        own = self.manifest.setdefault("nodes", {})
        for element in shared:
            if element in elements:
                own[element] = shared[element] | own.get(element, {})

    def _compile(self) -> None:
        names, decisions = data_names(self.manifest), self._decisions()
        for process, diagram in self._diagrams.items():
            found = errors(
                lint(diagram, operators(), self.manifest["nodes"], decisions, self._library, names)
            )
            places = {
                e: part.filename for part in self._reached().values() for e in (*part.elements, *part.flows)
            }
            for one in found:
                where = diagram.elements.keys() | diagram.flows.keys()
                file = (
                    diagram.filename
                    if one.element_id in where
                    else places.get(one.element_id, diagram.filename)
                )
                self._add(file, one.element_id, str(one))
            if found:
                continue
            try:
                self.programs[process] = compile_program(diagram, decisions, self._library, names)
            except DiagramError as wrong:
                for one in wrong.problems:
                    self._add(diagram.filename, one.element_id, str(one))

    def _decisions(self) -> dict[str, Any]:
        """Decision tables that business rule tasks may name; the rules of verification have their own facts."""
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

    def _check(self) -> None:
        """What can be deployed and would still not do what the field needs."""
        unreadable = list(manifest.problems(self.manifest))
        self._told(("project.toml", key, text) for key, text in unreadable)
        self._told(routes.starts(self._diagrams))
        if unreadable:
            return  # the other checks take the manifest's types for granted
        self._told(desks.check(self._reached(), self.manifest["nodes"]))
        self._told(rules.check(self.manifest, self._files, self.form_schema))
        runnable = {name: one for name, one in self._diagrams.items() if name in self.programs}
        self._told(routes.check(runnable, self._library, self.manifest))

    def _told(self, found: Iterable[tuple[str, str, str]]) -> None:
        for one in found:
            self._add(*one)

    def _play(self) -> int:
        """Play the folder's scenarios; returns how many there are."""
        outcomes = {name: one.outcomes for name, one in operators().items()}
        forms = {name: node.get("form", []) for name, node in self.manifest["nodes"].items()}
        names = [name for name in self._files if name.startswith("scenarios/")]
        for name in names:
            try:
                scenario = tomllib.loads(self._files[name])
                process = scenario["process"]
                if process not in self.manifest.get("processes", {}):
                    near = did_you_mean(process, self.manifest.get("processes", {}))
                    self._add(name, "process", f"没有流程 {process}{near} (no such process)")
                    continue
                category = scenario.get("start", {}).get("category")
                categories = self.manifest.get("categories", {})
                if category is not None and categories and category not in categories:
                    near, known = did_you_mean(str(category), categories), "、".join(categories)
                    self._add(
                        name, "start.category", f"没有类别 {category}，可用 {known}{near} (no such category)"
                    )
                if process in self.programs:
                    start = scenario.get("start", {}) | {"project_version": "scenario"}
                    play(self.programs[process], scenario | {"start": start}, outcomes, build_command, forms)
            except tomllib.TOMLDecodeError as wrong:
                self._add(name, "", f"不是有效的 TOML (not valid TOML): {wrong}")
            except KeyError as missing:
                self._add(name, "", f"缺少 {missing} (missing)")
            except ScenarioFailed as failed:
                self._add(name, "", str(failed))
        return len(names)


class Programs:
    """Compiled projects by version; compiling again after a restart costs some milliseconds each."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Project] = OrderedDict()

    def get(self, version: str) -> Project | None:
        if version in self._known:
            self._known.move_to_end(version)
        return self._known.get(version)

    def add(self, version: str, files: Mapping[str, str], *, strict: bool = False) -> Project:
        """Raises ProjectRefused."""
        project = self._known[version] = Project(files, strict=strict)
        while len(self._known) > CACHE:
            self._known.popitem(last=False)
        return project
