"""Households: resolved in bulk from rosters, read, and changed; each change raises `rev` and is stated."""

from collections.abc import Iterable, Sequence
from datetime import date

from contracts.registry import HouseholdChanged, HouseholdIn, HouseholdResolved
from kit.db import Tx
from kit.ids import new_id
from services.registry.domain import DEATH, WRONG_MESSAGES, Home, Kind, Wrong

_UNKNOWN = "person_unknown"
_UNKNOWN_MESSAGE = "户主或成员未登记 (head or member is not registered)"
_HEAD_IS_MEMBER = "head_is_member"
_HEAD_MESSAGE = "该人员登记为其他户主的家庭成员 (registered as a member of a household with another head)"
_DIFFER = "members_differ"


async def resolve(tx: Tx, asked: Sequence[HouseholdIn]) -> list[HouseholdResolved]:
    """A household per usable row, found by its head; missing ones are formed, with all who are named."""
    await tx.execute("LOCK TABLE household IN SHARE ROW EXCLUSIVE MODE")  # two rosters may name one household
    named = {person for one in asked for person in (one.head_id, *one.member_ids)}
    rows = await tx.fetch(
        "SELECT subject_id FROM subject WHERE subject_id = ANY($1::text[]) AND wrapped_key IS NOT NULL",
        list(named),
    )
    known = {row["subject_id"] for row in rows}
    homes = {person: home for home in await homes_of(tx, named) for person in home.members}
    answers: list[HouseholdResolved] = []
    fresh: list[Home] = []
    for one in asked:
        home = homes.get(one.head_id)
        members = frozenset({one.head_id, *one.member_ids})
        if home is not None and home.head_id == one.head_id:
            differs = bool(one.member_ids) and members != home.members
            answers.append(_found(one, home, notices=[_DIFFER] if differs else []))
        elif members - known:
            answers.append(_refused(one, _UNKNOWN, _UNKNOWN_MESSAGE))
        elif home is not None:
            answers.append(_refused(one, _HEAD_IS_MEMBER, _HEAD_MESSAGE))
        elif members & homes.keys():
            answers.append(_refused(one, Wrong.MEMBER_ELSEWHERE, WRONG_MESSAGES[Wrong.MEMBER_ELSEWHERE]))
        else:
            home = _new(one.head_id, members, one.township)
            fresh.append(home)
            homes |= dict.fromkeys(members, home)
            answers.append(_found(one, home, created=True))
    await _form(tx, fresh, tx.today)
    return answers


def _found(
    one: HouseholdIn, home: Home, *, created: bool = False, notices: Sequence[str] = ()
) -> HouseholdResolved:
    return HouseholdResolved(
        ref=one.ref,
        household_id=home.household_id,
        subject_id=home.subject_id,
        head_id=home.head_id,
        created=created,
        notices=list(notices),
    )


def _refused(one: HouseholdIn, problem: str, message: str) -> HouseholdResolved:
    return HouseholdResolved(ref=one.ref, problem=problem, message=message)


async def homes_of(tx: Tx, persons: Iterable[str]) -> list[Home]:
    """The households in which these persons live now."""
    return await _read(
        tx,
        "household_id IN (SELECT household_id FROM household_member "
        "WHERE left_on IS NULL AND subject_id = ANY($1::text[]))",
        list(persons),
    )


async def homes(tx: Tx, ids: Iterable[str]) -> list[Home]:
    """Households by their own id or by their id as a beneficiary."""
    return await _read(tx, "household_id = ANY($1::text[]) OR subject_id = ANY($1::text[])", list(ids))


async def _read(tx: Tx, test: str, ids: list[str]) -> list[Home]:
    rows = await tx.fetch(
        "SELECT household.*, (SELECT coalesce(array_agg(m.subject_id), '{}') FROM household_member AS m "
        "WHERE m.household_id = household.household_id AND m.left_on IS NULL) AS members "
        f"FROM household WHERE {test} ORDER BY household_id",
        ids,
    )
    return [
        Home(
            row["household_id"], row["subject_id"], row["township"], row["head_id"],
            frozenset(row["members"]), row["rev"],
        )
        for row in rows
    ]  # fmt: skip


def _new(head_id: str, members: frozenset[str], township: str) -> Home:
    return Home(new_id(), new_id(), township, head_id, members, 1)


async def _form(tx: Tx, new: Sequence[Home], on: date) -> None:
    """New households with their members, however many at once, each stated."""
    await tx.execute(
        "INSERT INTO household SELECT h, s, t, p, 1, $5 "
        "FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS new(h, s, t, p)",
        [home.household_id for home in new],
        [home.subject_id for home in new],
        [home.township for home in new],
        [home.head_id for home in new],
        on,
    )
    await _join(tx, [(home.household_id, person) for home in new for person in sorted(home.members)], on)
    for home in new:
        _state(tx, home, "formed", on)


async def _join(tx: Tx, pairs: Sequence[tuple[str, str]], on: date) -> None:
    """(household, person) pairs; who left and comes back on the same day has never left."""
    await tx.execute(
        "INSERT INTO household_member SELECT h, p, $3 FROM unnest($1::text[], $2::text[]) AS new(h, p) "
        "ON CONFLICT (household_id, subject_id, joined_on) DO UPDATE SET left_on = NULL",
        [home for home, _ in pairs],
        [person for _, person in pairs],
        on,
    )


async def _leave(tx: Tx, home: Home, persons: Iterable[str], on: date) -> None:
    await tx.execute(
        "UPDATE household_member SET left_on = greatest($3::date, joined_on) "
        "WHERE household_id = $1 AND subject_id = ANY($2::text[]) AND left_on IS NULL",
        home.household_id,
        list(persons),
        on,
    )


async def apply(tx: Tx, kind: Kind, home: Home, persons: Sequence[str], on: date, reason: str) -> None:
    """What two officials approved. A dead head leaves by the change of head; a split forms a second household."""
    if kind is Kind.JOIN:
        await _join(tx, [(home.household_id, person) for person in dict.fromkeys(persons)], on)
    elif kind is Kind.HEAD:
        await tx.execute(
            "UPDATE household SET head_id = $2 WHERE household_id = $1", home.household_id, persons[0]
        )
        if reason == DEATH:
            await _leave(tx, home, [home.head_id], on)
    else:
        await _leave(tx, home, persons, on)
    await tx.execute("UPDATE household SET rev = rev + 1 WHERE household_id = $1", home.household_id)
    [now] = await homes(tx, [home.household_id])
    _state(tx, now, _CHANGES[kind], on)
    if kind is Kind.SPLIT:
        await _form(tx, [_new(persons[0], frozenset(persons), home.township)], on)


_CHANGES = {Kind.HEAD: "head_changed", Kind.SPLIT: "split", Kind.JOIN: "joined", Kind.LEAVE: "left"}


def _state(tx: Tx, home: Home, change: str, on: date) -> None:
    tx.emit(
        HouseholdChanged(
            household_id=home.household_id,
            subject_id=home.subject_id,
            head_id=home.head_id,
            member_ids=sorted(home.members),
            change=change,
            effective_on=on.isoformat(),
            rev=home.rev,
        )
    )
