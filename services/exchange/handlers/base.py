"""The room's one register of handlers and workers."""

from kit.bus import Handlers

on = Handlers()
