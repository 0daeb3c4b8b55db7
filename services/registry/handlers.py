"""The registry listens to no messages: it is the one synchronous hop of the back office (decisions §7)."""

from kit.bus import Handlers

on = Handlers()
