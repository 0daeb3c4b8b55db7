"""Reading persons in bulk, each call one audit row: purpose, count and a digest of whom it was about."""

from collections.abc import Sequence

from contracts.registry import Account, AccountIn, Identity, Named, Profile, SubjectsRequest
from kit.db import Tx
from services.registry.domain import RoomOperation, birth_date_of, digest_of, gender_of, is_child
from services.registry.ports import Vault
from services.registry.store import households
from services.registry.store.content import AccountContent, Content, Sealed, account_place


async def open_persons(tx: Tx, vault: Vault, subject_ids: Sequence[str]) -> list[tuple[Sealed, Content]]:
    """The asked persons that exist and are not erased, in the order asked."""
    rows = await tx.fetch(
        "SELECT subject_id, blind_index, wrapped_key, sealed FROM subject "
        "WHERE subject_id = ANY($1::text[]) AND wrapped_key IS NOT NULL",
        subject_ids,
    )
    found = {row["subject_id"]: Sealed.of(row) for row in rows}
    return [(found[one], Content.open(vault, found[one])) for one in subject_ids if one in found]


async def profiles(tx: Tx, vault: Vault, asked: SubjectsRequest) -> list[Profile]:
    """Birth date, gender and blind index; a household's are its head's, with the profiles of all members."""
    homes = {home.subject_id: home for home in await households.homes(tx, asked.subject_ids)}
    single = [one for one in asked.subject_ids if one not in homes]
    members = {person for home in homes.values() for person in (*home.members, home.head_id)}
    found = {
        person.subject_id: Profile(
            subject_id=person.subject_id,
            birth_date=birth_date_of(content.number),
            gender=gender_of(content.number),
            blind_index=person.blind_index,
        )
        for person, content in await open_persons(tx, vault, [*dict.fromkeys(single), *sorted(members)])
    }
    answer: list[Profile] = []
    for one in asked.subject_ids:
        home = homes.get(one)
        profile = found.get(home.head_id if home else one)
        if profile is not None and home is not None:
            lives = [found[member] for member in sorted(home.members) if member in found]
            profile = profile.model_copy(
                update={"subject_id": one, "head_id": home.head_id, "members": lives}
            )
        if profile is not None:
            answer.append(profile)
    return answer


async def identities(tx: Tx, vault: Vault, asked: SubjectsRequest) -> list[Identity]:
    """Whole numbers and names."""
    return [
        Identity(subject_id=person.subject_id, id_no=content.number, name=content.name)
        for person, content in await open_persons(tx, vault, asked.subject_ids)
    ]


async def numbers(tx: Tx, vault: Vault, subject_ids: Sequence[str]) -> dict[str, str]:
    """Canonical numbers by subject, a household's being its head's: to be keyed at once, never to leave."""
    heads = {home.subject_id: home.head_id for home in await households.homes(tx, subject_ids)}
    wanted = list(dict.fromkeys(heads.get(one, one) for one in subject_ids))
    found = {person.subject_id: content.number for person, content in await open_persons(tx, vault, wanted)}
    return {one: found[heads.get(one, one)] for one in subject_ids if heads.get(one, one) in found}


async def names(tx: Tx, vault: Vault, asked: SubjectsRequest) -> list[Named]:
    """Names, and who is a child on the business day; a household goes by its head's name."""
    heads = {home.subject_id: home.head_id for home in await households.homes(tx, asked.subject_ids)}
    wanted = list(dict.fromkeys(heads.get(one, one) for one in asked.subject_ids))
    found = {
        person.subject_id: (content.name, is_child(birth_date_of(content.number), tx.today))
        for person, content in await open_persons(tx, vault, wanted)
    }
    return [
        Named(subject_id=one, name=found[person][0], child=found[person][1])
        for one in asked.subject_ids
        if (person := heads.get(one, one)) in found
    ]


async def accounts(tx: Tx, vault: Vault, asked: SubjectsRequest) -> list[Account]:
    """The accounts of those who have one."""
    rows = await tx.fetch(
        "SELECT subject.*, account.sealed AS account FROM account JOIN subject USING (subject_id) "
        "WHERE subject_id = ANY($1::text[]) AND wrapped_key IS NOT NULL",
        asked.subject_ids,
    )
    answer = []
    for row in rows:
        one = AccountContent.open(vault, Sealed.of(row), row["account"])
        answer.append(
            Account(
                subject_id=row["subject_id"],
                bank_code=one.bank_code,
                account_no=one.account_no,
                account_name=one.account_name,
            )
        )
    return answer


async def put_accounts(tx: Tx, vault: Vault, given: Sequence[AccountIn]) -> int:
    """Store or replace accounts under their owners' keys; returns how many. Unknown persons are left out."""
    wanted = {one.subject_id: one for one in given}
    rows = await tx.fetch(
        "SELECT subject_id, blind_index, wrapped_key FROM subject "
        "WHERE subject_id = ANY($1::text[]) AND wrapped_key IS NOT NULL ORDER BY subject_id FOR SHARE",
        list(wanted),
    )
    sealed = []
    for row in rows:
        one = wanted[row["subject_id"]]
        content = AccountContent(one.ssc_no, one.bank_code, one.account_no, one.account_name)
        place = account_place(one.subject_id)
        sealed.append(vault.seal(row["wrapped_key"], content.clear(), place, owner=row["blind_index"]))
    return await tx.execute(
        "INSERT INTO account (subject_id, sealed, updated_at) "
        "SELECT s, e, $3 FROM unnest($1::text[], $2::bytea[]) AS new(s, e) "
        "ON CONFLICT (subject_id) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at",
        [row["subject_id"] for row in rows],
        sealed,
        tx.wall,
    )


def audit_read(
    tx: Tx, operation: RoomOperation, reader: str, purpose: str, asked: Sequence[str], count: int
) -> None:
    """One row in the audit chain for one bulk call."""
    tx.audit(
        operation.value,
        "subjects",
        reader,
        purpose=purpose,
        asked=len(asked),
        count=count,
        of=digest_of(asked),
    )


async def seen_from(tx: Tx, subject_id: str) -> list[str]:
    """The townships that have to do with a person or a household."""
    rows = await tx.fetch(
        "SELECT township FROM subject_region WHERE subject_id = $1 "
        "UNION SELECT township FROM household WHERE $1 IN (subject_id, household_id) ORDER BY 1",
        subject_id,
    )
    return [row["township"] for row in rows]


async def existing(tx: Tx, subject_ids: Sequence[str]) -> set[str]:
    """Which of these are persons that are not erased."""
    rows = await tx.fetch(
        "SELECT subject_id FROM subject WHERE subject_id = ANY($1::text[]) AND wrapped_key IS NOT NULL",
        list(subject_ids),
    )
    return {row["subject_id"] for row in rows}


async def erase(tx: Tx, subject_id: str, actor: str, reason: str) -> bool:
    """Destroy a person's key and ciphertexts (PIPL art. 47); what backups hold becomes unreadable.

    The blind index stays: paid twice after an erasure would still be paid twice. False when already erased.
    """
    erased = await tx.execute(
        "UPDATE subject SET wrapped_key = NULL, sealed = ''::bytea, erased_at = $2 "
        "WHERE subject_id = $1 AND wrapped_key IS NOT NULL",
        subject_id,
        tx.wall,
    )
    await tx.execute("DELETE FROM account WHERE subject_id = $1", subject_id)
    if erased:
        tx.audit("registry.erase", f"subject:{subject_id}", actor, reason=reason)
    return bool(erased)
