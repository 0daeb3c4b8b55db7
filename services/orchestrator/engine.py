"""Programs of deployed versions, and what a diagram may name."""

import tomllib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import orjson
from pydantic import ValidationError

from contracts import catalogue
from contracts.base import REGISTRY, Message, operator_name, outcome_name
from engine.dmn import DmnError, read_dmn
from engine.linter import Operator, errors, lint
from engine.runtime import Diagram, DiagramError, Program, compile_program, read_bpmn
from engine.scenario import ScenarioFailed, play

COMMANDS: dict[str, type[Message]] = {operator_name(cls): cls for cls in catalogue.commands()}
"""Operators that a service task may name: every command of every room but our own."""
OWN_NAMES = frozenset({"actor", "work_item_id", "decision", "project_version", "outcome", "error_code"})
"""Data that every instance has or gets beside its start event, outcomes and forms."""
GIVEN = frozenset({"node", "round", "with_amounts", "after_check"})
"""Command fields that never come from the data: the diagram says them at the task."""
CACHE = 200


def operators() -> dict[str, Operator]:
    """The operators with their parameters; true where the diagram itself must give the value."""
    return {
        name: Operator(
            name=name,
            parameters={field: field in GIVEN for field in cls.model_fields},
            outcomes=frozenset(outcome_name(one) for one in cls.OUTCOMES),
        )
        for name, cls in COMMANDS.items()
        if cls.ROOM != "orchestrator"
    }


def data_names(manifest: Mapping[str, Any]) -> frozenset[str]:
    """Every name that an expression of a diagram may speak of."""
    fields = {field for cls in REGISTRY.values() for field in cls.model_fields}
    forms = {field for node in manifest.get("nodes", {}).values() for field in node.get("form", [])}
    return frozenset(fields | forms | OWN_NAMES)


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
        self.manifest = self._manifest()
        self.programs: dict[str, Program] = {}
        self.rules = {name: text for name, text in files.items() if name.endswith(".dmn") and "/" not in name}
        self.form_schema = self._schema()
        decisions = self._decisions()
        library = self._library()
        for process, filename in self.manifest.get("processes", {}).items():
            self._process(process, filename, decisions, library)
        self.scenarios = self._scenarios() if not self._problems else 0
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
        for name in ("code", "name", "processes", "nodes"):
            if name not in manifest:
                self._add("project.toml", name, f"缺少 {name} (missing)")
        return manifest

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
        text = self._files.get(filename)
        if text is None:
            self._add("project.toml", process, f"找不到文件 {filename} (no such file)")
            return
        diagram = self._read(filename, text)
        if diagram is None:
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
        files = {name: text for name, text in self._files.items() if name.startswith("scenarios/")}
        for name, text in files.items():
            try:
                scenario = tomllib.loads(text)
                program = self.programs[scenario["process"]]
                start = scenario.get("start", {}) | {"project_version": "scenario"}
                play(program, scenario | {"start": start}, outcomes, build_command)
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


class BadParameters(ValueError):
    """A command can't be built from the instance's data; names the fields, never the values."""


def build_command(operator: str, data: Mapping[str, Any], parameters: Mapping[str, Any]) -> Message:
    """The command of a service task: same-named data, overridden by what the diagram says at the task."""
    cls = COMMANDS[operator]
    values = {name: data[name] for name in cls.model_fields if name in data} | dict(parameters)
    try:
        return cls.model_validate(values)
    except ValidationError as wrong:
        fields = sorted({str(error["loc"][0]) for error in wrong.errors() if error["loc"]})
        raise BadParameters(f"命令 {operator} 缺少或不符 (missing or wrong): {', '.join(fields)}") from None
