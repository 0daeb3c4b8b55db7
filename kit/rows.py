"""The second wall: row-level security on every regional table, under the checks that routes make themselves.

A route that acts for a person does so as the role `<room>_desk`, which owns nothing and sees only rows of that
person's region. Messages and workers act as the room itself, the owner, whom no policy binds (COPY needs that).
Guarded are the tables with a column `township`, `county` or `region`; without a scope nothing is visible. A
table's comment may say more: `rows: own` also ties its rows to a citizen's `subject_id`; `rows: shared, because …`
exempts it.
"""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar

import asyncpg

from kit.roles import Actor, Kind

TOWNSHIP_DIGITS = 9

acting: ContextVar[Actor | None] = ContextVar("acting", default=None)
"""For whom the current request acts; None in handlers, workers and open routes."""

_FUNCTIONS = """
CREATE OR REPLACE FUNCTION row_in_scope(code text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT current_setting('daohu.scope', true) = '*'
       OR current_setting('daohu.scope', true) <> ''
      AND starts_with(code, current_setting('daohu.scope', true)) $$;
CREATE OR REPLACE FUNCTION row_above_scope(code text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT current_setting('daohu.scope', true) ~ '^[0-9]'
      AND starts_with(current_setting('daohu.scope', true), code) $$;
CREATE OR REPLACE FUNCTION row_is_own(subject text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT coalesce(current_setting('daohu.subject', true), '') IN ('', subject) $$;
"""

_TABLES = """
SELECT c.relname AS name, coalesce(obj_description(c.oid, 'pg_class'), '') AS note,
       array_agg(a.attname::text) AS columns
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') GROUP BY c.oid ORDER BY c.relname
"""


def desk_role(user: str) -> str:
    """The role for routes, of the room whose own role is `user`."""
    return f"{user}_desk"


async def put_up(connection: asyncpg.Connection) -> None:
    """Make the desk's grants and the policies, inside the migration's transaction; nothing when they stand already.

    Raises RuntimeError when the role is missing and this connection may not create it.
    """
    user = await connection.fetchval("SELECT session_user")
    desk = desk_role(user)
    await _ensure_role(connection, user, desk)
    database = await connection.fetchval("SELECT quote_ident(current_database())")
    wall = [_FUNCTIONS, _grants(database, f'"{desk}"')]
    wall += [_policies(table, f'"{desk}"') for table in await connection.fetch(_TABLES)]
    digest = hashlib.sha256("\n".join(wall).encode()).hexdigest()
    # Made only when something changed: it locks every table, and other processes of the room may be at work.
    if digest == await connection.fetchval(
        "SELECT sha256 FROM migration WHERE (owner, name) = ('kit', 'wall')"
    ):
        return
    for statement in wall:
        await connection.execute(statement)
    await connection.execute(
        "INSERT INTO migration (owner, name, sha256) VALUES ('kit', 'wall', $1) "
        "ON CONFLICT (owner, name) DO UPDATE SET sha256 = excluded.sha256, at = clock_timestamp()",
        digest,
    )


def _grants(database: str, desk: str) -> str:
    return (
        f"GRANT TEMPORARY ON DATABASE {database} TO {desk};"
        f"GRANT USAGE ON SCHEMA public TO {desk};"
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {desk};"
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {desk};"
        f"REVOKE INSERT, UPDATE, DELETE ON migration FROM {desk}"
    )


async def _ensure_role(connection: asyncpg.Connection, user: str, desk: str) -> None:
    if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", desk):
        may = "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = $1"
        if not await connection.fetchval(may, user):
            raise RuntimeError(f"role {desk} is missing: create it and grant it to {user} (deploy/README.md)")
        # Other databases of the same server may be making it at this moment.
        await connection.execute(
            f'DO $$ BEGIN CREATE ROLE "{desk}" NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation '
            f"THEN NULL; END $$"
        )
    if not await connection.fetchval("SELECT pg_has_role($1, $2, 'SET')", user, desk):
        await connection.execute(f'GRANT "{desk}" TO "{user}"')


def _policies(table: asyncpg.Record, desk: str) -> str:
    """Policies of one table: the desk reads its region and what lies above, and writes its region."""
    name, columns = f'"{table["name"]}"', set(table["columns"])
    parts = [f'"{one}"' for one in ("township", "county", "region") if one in columns]
    gone = "".join(
        f"DROP POLICY IF EXISTS {one} ON {name};"
        for one in ("desk_reads", "desk_adds", "desk_changes", "desk_removes")
    )
    if not parts or str(table["note"]).startswith("rows: shared"):
        return f"{gone}ALTER TABLE {name} DISABLE ROW LEVEL SECURITY"
    code = f"coalesce({', '.join(parts)})"
    own = " AND row_is_own(subject_id)" if str(table["note"]).startswith("rows: own") else ""
    inside, seen = (
        f"row_in_scope({code}){own}",
        f"(row_in_scope({code}) OR row_above_scope({code})){own}",
    )
    return (
        f"{gone}ALTER TABLE {name} ENABLE ROW LEVEL SECURITY;"
        f"CREATE POLICY desk_reads ON {name} FOR SELECT TO {desk} USING ({seen});"
        f"CREATE POLICY desk_adds ON {name} FOR INSERT TO {desk} WITH CHECK ({inside});"
        f"CREATE POLICY desk_changes ON {name} FOR UPDATE TO {desk} USING ({inside}) WITH CHECK ({inside});"
        f"CREATE POLICY desk_removes ON {name} FOR DELETE TO {desk} USING ({inside})"
    )


async def enter(connection: asyncpg.Connection, actor: Actor) -> None:
    """Narrow the current transaction to what `actor` may touch; it ends with the transaction."""
    # Rows are kept by township: who works in a village reaches the township's rows, and the route looks closer.
    scope = (actor.region or "")[:TOWNSHIP_DIGITS] if actor.kind is Kind.OFFICIAL else "*"
    user = await connection.fetchval(
        "SELECT session_user FROM (SELECT set_config('daohu.scope', $1, true), "
        "set_config('daohu.subject', $2, true)) AS put",
        scope,
        (actor.subject_id or "") if actor.kind is Kind.CITIZEN else "",
    )
    await connection.execute(f'SET LOCAL ROLE "{desk_role(user)}"')


@asynccontextmanager
async def left(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """Act as the room for a moment: for what a person causes but does not see, such as whether a whole set is done.

    A transaction that was not narrowed stays as it is.
    """
    desk, user = await connection.fetchrow("SELECT current_user, session_user")
    if desk == user:
        yield
        return
    await connection.execute("SET LOCAL ROLE NONE")
    yield
    # After an exception the transaction is undone anyway.
    await connection.execute(f'SET LOCAL ROLE "{desk}"')
