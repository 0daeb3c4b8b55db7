"""Resolving in bulk: one look-up, one insert, whatever the number of persons; concurrent callers agree."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from contracts.registry import PersonIn, Resolved
from kit.db import Tx
from kit.idnumber import IdFlag, IdProblem, normalise
from kit.ids import new_id
from services.registry.domain import (
    NAME_MESSAGES,
    NOT_KNOWN,
    NOT_KNOWN_MESSAGE,
    NameProblem,
    Person,
    canonical_name,
)
from services.registry.ports import Vault
from services.registry.store.content import Content, Sealed

_NOTICES = {
    IdFlag.TRIMMED: "trimmed",
    IdFlag.LOWER_CASE_X: "lower_case_x",
    IdFlag.FIFTEEN_DIGITS: "normalised_15",
}


async def resolve(
    tx: Tx, vault: Vault, persons: Sequence[PersonIn], *, only_subject: str | None = None
) -> list[Resolved]:
    """A subject per usable person, in the order asked; missing ones are created, none is created twice."""
    answers: list[Resolved | None] = [None] * len(persons)
    usable: list[Person] = []
    for place, source in enumerate(persons):
        read = _read(vault, place, source, tx.today)
        if isinstance(read, Person):
            usable.append(read)
        else:
            answers[place] = read
    known = await _find(tx, [person.blind_index for person in usable])
    created: set[str] = set()
    if only_subject is None:
        known, created = await _create_missing(tx, vault, usable, known)
    contents = {index: Content.open(vault, sealed) for index, sealed in known.items()}
    accepted: list[Person] = []
    for person in usable:
        sealed = known.get(person.blind_index)
        if sealed is None or _is_other(person, sealed, contents, only_subject):
            answers[person.place] = _refused(person.source.ref, NOT_KNOWN, NOT_KNOWN_MESSAGE, person.notices)
            continue
        if contents[person.blind_index].is_called(person.name):
            accepted.append(person)
            answers[person.place] = Resolved(
                ref=person.source.ref,
                subject_id=sealed.subject_id,
                created=sealed.subject_id in created,
                notices=list(person.notices),
            )
        else:
            answers[person.place] = _refused(
                person.source.ref,
                NameProblem.DIFFERS.value,
                NAME_MESSAGES[NameProblem.DIFFERS],
                person.notices,
            )
    await _add_phones(tx, vault, accepted, known, contents)
    await _add_regions(tx, accepted, known)
    return [answer for answer in answers if answer is not None]


async def known(tx: Tx, vault: Vault, id_no: str) -> str | None:
    """The living subject whose number this is, in whatever spelling."""
    number = normalise(id_no, today=tx.today)
    if isinstance(number, IdProblem):
        return None
    index = vault.blind_index(number.number)
    found = (await _find(tx, [index])).get(index)
    return found.subject_id if found else None


def _is_other(
    person: Person, sealed: Sealed, contents: Mapping[str, Content], only_subject: str | None
) -> bool:
    if only_subject is None:
        return False
    return sealed.subject_id != only_subject or not contents[person.blind_index].is_called(person.name)


def _read(vault: Vault, place: int, source: PersonIn, today: date) -> Person | Resolved:
    number = normalise(source.id_no, today=today)
    if isinstance(number, IdProblem):
        return _refused(source.ref, number.code, number.message)
    notices = tuple(sorted(_NOTICES[flag] for flag in number.flags))
    name = canonical_name(source.name)
    if isinstance(name, NameProblem):
        return _refused(source.ref, name.value, NAME_MESSAGES[name], notices)
    return Person(place, source, number.number, name, vault.blind_index(number.number), notices)


def _refused(ref: str, problem: str, message: str, notices: Sequence[str] = ()) -> Resolved:
    return Resolved(ref=ref, problem=problem, message=message, notices=list(notices))


async def _create_missing(
    tx: Tx, vault: Vault, persons: Sequence[Person], known: dict[str, Sealed]
) -> tuple[dict[str, Sealed], set[str]]:
    """All envelopes by blind index, and the ids of those that this call created."""
    wanted = {person.blind_index: person for person in reversed(persons)}  # the first of a number names it
    # Sorted, so that two callers with overlapping persons wait for each other instead of deadlocking.
    missing = [wanted[index] for index in sorted(wanted.keys() - known.keys())]
    if not missing:
        return known, set()
    fresh = [_new(vault, person) for person in missing]
    rows = await tx.fetch(
        "INSERT INTO subject (subject_id, blind_index, wrapped_key, sealed, created_at) "
        "SELECT s, b, w, e, $5 "
        "FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[]) AS new(s, b, w, e) "
        "ON CONFLICT (blind_index) DO UPDATE SET sealed = excluded.sealed, "
        "wrapped_key = excluded.wrapped_key, erased_at = NULL WHERE subject.wrapped_key IS NULL "
        "RETURNING blind_index, subject_id, wrapped_key, sealed",
        [one.subject_id for one in fresh],
        [person.blind_index for person in missing],
        [one.wrapped_key for one in fresh],
        [one.sealed for one in fresh],
        tx.wall,
    )
    created = {row["blind_index"]: Sealed.of(row) for row in rows}
    # What did not come back was created meanwhile by a concurrent call, which has committed: read it.
    lost = [person.blind_index for person in missing if person.blind_index not in created]
    late = await _find(tx, lost) if lost else {}
    return known | created | late, {one.subject_id for one in created.values()}


async def _find(tx: Tx, indexes: Sequence[str]) -> dict[str, Sealed]:
    rows = await tx.fetch(
        "SELECT subject_id, blind_index, wrapped_key, sealed FROM subject "
        "WHERE blind_index = ANY($1::text[]) AND wrapped_key IS NOT NULL",
        indexes,
    )
    return {row["blind_index"]: Sealed.of(row) for row in rows}


def _new(vault: Vault, person: Person) -> Sealed:
    content = Content(person.number, person.name, person.source.phone)
    wrapped_key, sealed = vault.seal_new(content.clear(), person.blind_index)
    return Sealed(new_id(), person.blind_index, wrapped_key, sealed)


async def _add_phones(
    tx: Tx,
    vault: Vault,
    persons: Sequence[Person],
    known: dict[str, Sealed],
    contents: dict[str, Content],
) -> None:
    """Keep the first phone given; a later one does not replace it, or any helper could redirect messages."""
    found = {
        person.blind_index: person.source.phone
        for person in reversed(persons)
        if person.source.phone and contents[person.blind_index].phone is None
    }
    if not found:
        return
    indexes = sorted(found)
    sealed = [
        vault.seal(known[i].wrapped_key, replace(contents[i], phone=found[i]).clear(), i, owner=i)
        for i in indexes
    ]
    await tx.execute(
        "UPDATE subject SET sealed = new.sealed FROM unnest($1::text[], $2::bytea[], $3::bytea[]) "
        "AS new(blind_index, wrapped_key, sealed) "
        "WHERE subject.blind_index = new.blind_index AND subject.wrapped_key = new.wrapped_key",
        indexes,
        [known[i].wrapped_key for i in indexes],
        sealed,
    )


async def _add_regions(tx: Tx, persons: Sequence[Person], known: dict[str, Sealed]) -> None:
    pairs = sorted(
        {(known[one.blind_index].subject_id, one.source.township) for one in persons if one.source.township}
    )
    if pairs:
        await tx.execute(
            "INSERT INTO subject_region (subject_id, township, since) "
            "SELECT s, t, $3 FROM unnest($1::text[], $2::text[]) AS new(s, t) ON CONFLICT DO NOTHING",
            [subject_id for subject_id, _ in pairs],
            [township for _, township in pairs],
            tx.wall,
        )
