"""The registry listens to no messages (decisions §7); what it states leaves by its outbox."""

from kit.bus import Handlers

on = Handlers()
