"""Databases and roles on a server: one of each per room, so that no room can read another's tables.

Beside the room's own role stands its desk, as which routes act for persons (kit.rows).
"""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from kit.rows import desk_role


def room_dsn(superuser_dsn: str, name: str, password: str) -> str:
    """The address by which the role `name` reaches its own database."""
    parts = urlsplit(superuser_dsn)
    host = f"{parts.hostname}:{parts.port or 5432}"
    return urlunsplit(("postgresql", f"{name}:{password}@{host}", f"/{name}", parts.query, ""))


def create(superuser_dsn: str, passwords: dict[str, str]) -> dict[str, str]:
    """Make a role and a database of the same name for each entry, if missing; returns name → DSN."""
    _run(_create(superuser_dsn, passwords))
    return {name: room_dsn(superuser_dsn, name, password) for name, password in passwords.items()}


def drop(superuser_dsn: str, names: list[str]) -> None:
    """Drop databases and roles, cutting their sessions (for tests on a server that is not ours)."""
    _run(_drop(superuser_dsn, names))


async def _create(superuser_dsn: str, passwords: dict[str, str]) -> None:
    connection = await asyncpg.connect(superuser_dsn)
    try:
        roles = {row[0] for row in await connection.fetch("select rolname from pg_roles")}
        databases = {row[0] for row in await connection.fetch("select datname from pg_database")}
        for name, password in passwords.items():
            role, secret = await connection.fetchrow(
                "select quote_ident($1), quote_literal($2)", name, password
            )
            verb = "alter" if name in roles else "create"
            await connection.execute(f"{verb} role {role} login password {secret}")
            desk = await connection.fetchval("select quote_ident($1)", desk_role(name))
            if desk_role(name) not in roles:
                await connection.execute(f"create role {desk} nologin")
                await connection.execute(f"grant {desk} to {role}")
            if name not in databases:
                await connection.execute(f"create database {role} owner {role} template template0")
                await connection.execute(f"revoke connect on database {role} from public")
    finally:
        await connection.close()


async def _drop(superuser_dsn: str, names: list[str]) -> None:
    connection = await asyncpg.connect(superuser_dsn)
    try:
        for name in names:
            quoted = await connection.fetchval("select quote_ident($1)", name)
            await connection.execute(f"drop database if exists {quoted} with (force)")
            await connection.execute(f"drop role if exists {quoted}")
            desk = await connection.fetchval("select quote_ident($1)", desk_role(name))
            await connection.execute(f"drop role if exists {desk}")
    finally:
        await connection.close()


def _run(work: Coroutine[Any, Any, None]) -> None:
    """In a loop of its own, in a thread of its own: the caller may be inside a running loop."""
    problem: list[BaseException] = []

    def target() -> None:
        try:
            asyncio.run(work)
        except BaseException as raised:  # handed to the caller below
            problem.append(raised)

    thread = threading.Thread(target=target)
    thread.start()
    thread.join()
    if problem:
        raise problem[0]
