"""Changes that one official proposes and another one decides; what is of a person in them is sealed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from contracts.registry import Basis
from kit import crypto
from kit.db import Tx
from services.registry.domain import Home, Kind
from services.registry.ports import Vault
from services.registry.store import households, mandates, reads
from services.registry.store.content import Sealed
from services.registry.store.tables import Change


class AlreadyProposed(Exception):
    """An open proposal of the same kind for the same beneficiary."""


def digest_of_file(content: bytes) -> str:
    """Names an evidence file."""
    return crypto.digest(content)


async def envelope(tx: Tx, subject_id: str) -> Sealed | None:
    """A person as stored, taken until the commit; None when unknown or erased."""
    row = await tx.fetchrow(
        "SELECT * FROM subject WHERE subject_id = $1 AND wrapped_key IS NOT NULL FOR UPDATE", subject_id
    )
    return Sealed.of(row) if row else None


def seal(vault: Vault, owner: Sealed, clear: bytes, what: str, change_id: str) -> bytes:
    """Seal evidence or a spelling under the person's key, for this change alone."""
    return vault.seal(owner.wrapped_key, clear, f"{what}:{change_id}", owner=owner.blind_index)


def unseal(vault: Vault, owner: Sealed, sealed: bytes, what: str, change_id: str) -> bytes:
    """Open it again. Raises CannotOpen."""
    return vault.open(owner.wrapped_key, sealed, f"{what}:{change_id}", owner=owner.blind_index)


async def propose(tx: Tx, new: Change) -> None:
    """Insert a proposal. Raises AlreadyProposed."""
    async with tx.as_room():  # who lived in two townships may have an open proposal in the other one
        taken = await tx.fetchval(
            "SELECT true FROM change WHERE subject_id = $1 AND kind = $2 AND state = 'proposed'",
            new.subject_id,
            new.kind,
        )
    if taken:
        raise AlreadyProposed
    await tx.insert(new)


async def one(tx: Tx, change_id: str) -> dict[str, Any] | None:
    """A proposal, taken until the commit."""
    row = await tx.fetchrow("SELECT * FROM change WHERE change_id = $1 FOR UPDATE", change_id)
    return dict(row) if row else None


async def find(
    tx: Tx, region: str, township: str | None, state: str | None, after: str, limit: int
) -> list[dict[str, Any]]:
    """Proposals of a region by id, at most `limit`; without sealed parts."""
    rows = await tx.fetch(
        "SELECT change_id, kind, subject_id, township, body, reason, evidence_digest, state, proposed_by, "
        "proposed_at, decided_by, decided_at FROM change WHERE change_id > $1 "
        "AND left(township, length($2)) = $2 AND ($3::text IS NULL OR township = $3) "
        "AND ($4::text IS NULL OR state = $4) ORDER BY change_id LIMIT $5",
        after,
        region,
        township,
        state,
        limit,
    )
    return [dict(row) for row in rows]


async def decide(tx: Tx, change_id: str, state: str, actor: str) -> None:
    """Note who decided, and how."""
    await tx.execute(
        "UPDATE change SET state = $2, decided_by = $3, decided_at = $4 WHERE change_id = $1",
        change_id,
        state,
        actor,
        tx.wall,
    )


async def apply(tx: Tx, vault: Vault, change: Mapping[str, Any], home: Home | None, actor: str) -> None:
    """What two people decided holds from now on."""
    kind, body = Kind(change["kind"]), change["body"]
    persons: Sequence[str] = body.get("person_ids", [])
    if kind is Kind.PAYEE:
        await mandates.grant(
            tx,
            change["change_id"],
            change["subject_id"],
            body.get("project"),
            persons[0],
            Basis(body["basis"]),
            date.fromisoformat(body["valid_from"]),
            date.fromisoformat(body["valid_to"]) if body.get("valid_to") else None,
        )
    elif kind is Kind.ALIAS:
        await _rename(tx, vault, change)
    elif kind is Kind.ERASE:
        await reads.erase(tx, change["subject_id"], actor, change["reason"])
    else:
        assert home is not None
        on = date.fromisoformat(body["effective_on"])
        await households.apply(tx, kind, home, persons, on, change["reason"])
        if kind is Kind.HEAD:
            await mandates.follow_head(tx, change["change_id"], home.subject_id, persons[0], on)


async def _rename(tx: Tx, vault: Vault, change: Mapping[str, Any]) -> None:
    """The other spelling becomes the person's too; with `main` the registered one, and that one the other."""
    person = await envelope(tx, change["subject_id"])
    assert person is not None
    [(_, content)] = await reads.open_persons(tx, vault, [person.subject_id])
    name = unseal(vault, person, change["sealed_name"], "name", change["change_id"]).decode()
    if change["body"].get("main"):
        others = tuple(one for one in (content.name, *content.aliases) if one != name)
        content = replace(content, name=name, aliases=others)
    elif not content.is_called(name):
        content = replace(content, aliases=(*content.aliases, name))
    index = person.blind_index
    await tx.execute(
        "UPDATE subject SET sealed = $2 WHERE subject_id = $1",
        person.subject_id,
        vault.seal(person.wrapped_key, content.clear(), index, owner=index),
    )
