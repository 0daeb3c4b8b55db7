"""The room's handlers."""

from kit.handlers import Handlers

on = Handlers()
