"""The portal listens to no messages: it is the edge, and decides nothing."""

from kit.bus import Handlers

on = Handlers()
