"""What a proposal asks for, checked against what stands: at the proposal, and again at the approval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from contracts.registry import Basis, PersonIn
from kit import errors, rows
from kit.db import Tx
from services.registry.api.bodies import ChangeIn
from services.registry.domain import (
    OF_HOUSEHOLDS,
    WRONG_MESSAGES,
    Home,
    Kind,
    NameProblem,
    Wrong,
    canonical_name,
    wrong_household,
    wrong_payee,
)
from services.registry.ports import Vault
from services.registry.store import changes, households, persons, reads


@dataclass(frozen=True, slots=True)
class Asked:
    """A proposal ready to be kept: about whom, in ids and codes, and under whose key what is of a person."""

    subject_id: str
    body: dict[str, Any]
    sealed_under: str
    name: str | None = None


async def bearer(tx: Tx, vault: Vault, body: ChangeIn) -> str:
    """Whose number is typed in a proposal of another spelling; 404 when nobody's."""
    found = await persons.known(tx, vault, body.persons[0].id_no)
    if found is None:
        raise errors.not_found()
    return found


async def read(tx: Tx, vault: Vault, body: ChangeIn, subject_id: str, township: str) -> Asked:
    """The proposal, if it fits; persons as typed become subjects of the registry.

    Raises Problem 404 for a beneficiary that is none, 422 with the code of what is wrong.
    """
    found = await households.homes(tx, [subject_id])
    home = found[0] if found else None
    if body.kind is Kind.ALIAS:
        return await _alias(tx, vault, body, subject_id)
    if body.kind is Kind.ERASE:
        _none(Wrong.IS_A_HOUSEHOLD if home else None)
        return Asked(subject_id, {}, subject_id)
    named = [*body.person_ids, *await _typed(tx, vault, body, township)]
    if body.kind is Kind.PAYEE and body.basis is Basis.SELF and not named:
        named = [subject_id]
    if body.kind is Kind.PAYEE and body.basis is Basis.HOUSEHOLD_HEAD and not named and home:
        named = [home.head_id]
    if len(await reads.existing(tx, named)) != len(set(named)):
        raise errors.unprocessable("person-unknown", "人员未登记", "a person is not registered")
    content: dict[str, Any] = {"person_ids": named}
    if body.kind is Kind.PAYEE:
        content |= {
            "project": body.project,
            "basis": body.basis.value if body.basis else None,
            "valid_from": body.valid_from.isoformat() if body.valid_from else None,
            "valid_to": body.valid_to.isoformat() if body.valid_to else None,
        }
    else:
        content["effective_on"] = (body.effective_on or tx.today).isoformat()
    beneficiary = home.subject_id if home else subject_id
    asked = Asked(beneficiary, content, home.head_id if home else subject_id)
    _none(await _wrong(tx, body.kind, asked.subject_id, asked.body, home))
    return asked


async def still_fits(tx: Tx, change: Mapping[str, Any], home: Home | None) -> None:
    """Raise Problem 409 when meanwhile something else was approved that it no longer fits."""
    kind = Kind(change["kind"])
    if kind in (Kind.ALIAS, Kind.ERASE):
        if await changes.envelope(tx, change["subject_id"]) is None:
            raise errors.conflict("no-longer-fits", "人员信息已删除", "the person was erased meanwhile")
        return
    if kind is Kind.PAYEE:
        found = await households.homes(tx, [change["subject_id"]])
        home = found[0] if found else None
    wrong = await _wrong(tx, kind, change["subject_id"], change["body"], home)
    if wrong is not None:
        raise errors.conflict(
            "no-longer-fits",
            "与现状不符",
            "does not fit what stands now",
            WRONG_MESSAGES[wrong],
            code=wrong.value,
        )


async def _wrong(
    tx: Tx, kind: Kind, subject_id: str, body: Mapping[str, Any], home: Home | None
) -> Wrong | None:
    named: Sequence[str] = body["person_ids"]
    if kind is Kind.PAYEE:
        last = body.get("valid_to")
        return wrong_payee(
            Basis(body["basis"]),
            subject_id,
            home.head_id if home else None,
            named,
            date.fromisoformat(body["valid_from"]),
            date.fromisoformat(last) if last else None,
        )
    if kind in OF_HOUSEHOLDS and home is None:
        return Wrong.NOT_A_HOUSEHOLD
    assert home is not None
    async with rows.left(tx.connection):  # whether somebody lives elsewhere, in whatever township
        homes = await households.homes_of(tx, named)
    others = [one for one in homes if one.household_id != home.household_id]
    return wrong_household(kind, home, named, frozenset(person for one in others for person in one.members))


async def _typed(tx: Tx, vault: Vault, body: ChangeIn, township: str) -> list[str]:
    typed = [
        PersonIn(ref=str(place), id_no=one.id_no, name=one.name, phone=one.phone, township=township)
        for place, one in enumerate(body.persons)
    ]
    answers = await persons.resolve(tx, vault, typed) if typed else []
    for one in answers:
        if one.subject_id is None:
            raise errors.unprocessable(
                "person-refused", "身份信息有误", "the person's data can't be used", one.message,
                code=one.problem, person=one.ref,
            )  # fmt: skip
    return [str(one.subject_id) for one in answers]


async def _alias(tx: Tx, vault: Vault, body: ChangeIn, subject_id: str) -> Asked:
    name = canonical_name(body.persons[0].name)
    if isinstance(name, NameProblem):
        raise errors.unprocessable(
            "person-refused", "身份信息有误", "the person's data can't be used", code=name.value
        )
    [(_, content)] = await reads.open_persons(tx, vault, [subject_id])
    _none(Wrong.SAME_NAME if name == content.name or (content.is_called(name) and not body.main) else None)
    return Asked(subject_id, {"main": body.main}, subject_id, name)


def _none(wrong: Wrong | None) -> None:
    if wrong is not None:
        raise errors.unprocessable(
            "change-refused",
            "变更不符合现状",
            "the change does not fit",
            WRONG_MESSAGES[wrong],
            code=wrong.value,
        )
