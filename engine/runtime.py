"""The engine's door: everything a room needs to read, compile and step diagrams."""

from engine.case import STEP_BUDGET, Case
from engine.effects import (
    CancelCommand,
    CancelMessage,
    CancelTimer,
    CloseWorkItem,
    DecisionMade,
    Effect,
    Ended,
    Entered,
    Incident,
    Left,
    OpenWorkItem,
    SendCommand,
    SetTimer,
    WaitMessage,
)
from engine.linter import Operator, errors, lint
from engine.model import Diagram, DiagramError, Problem
from engine.program import Program, compile_program
from engine.reader import read_bpmn
from engine.standing import Live
from engine.state import StateError
from engine.values import DataError

__all__ = [
    "STEP_BUDGET", "CancelCommand", "CancelMessage", "CancelTimer", "Case", "CloseWorkItem", "DataError",
    "DecisionMade", "Diagram", "DiagramError", "Effect", "Ended", "Entered", "Incident", "Left", "Live",
    "OpenWorkItem", "Operator", "Problem", "Program", "SendCommand", "SetTimer", "StateError", "WaitMessage",
    "compile_program", "errors", "lint", "read_bpmn",
]  # fmt: skip
