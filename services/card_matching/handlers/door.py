"""The room's one register of handlers and workers."""

from kit.handlers import Handlers

on = Handlers()
