"""The persons and households of a roster become subject ids: all in bulk, what fails is the row's error."""

from contracts.registry import HouseholdIn, HouseholdResolved, PersonIn, Resolved
from kit.ids import new_id
from kit.service import Room
from services.batch.api.sheet import ReadRoster
from services.batch.domain.rosters import HEAD_ID, ID_NO, PAYEE_ID, Person, Wrong, by_row
from services.batch.ports import households as resolve_households
from services.batch.ports import resolve
from services.batch.store.rosters import NewRow

UNKNOWN = "人员信息无法核对 (the registry could not take it)"
TWICE = "同一户或同一人已在第{row}行 (the same household or person as in row {row})"


async def resolved(room: Room, read: ReadRoster, *, households: bool) -> tuple[list[NewRow], list[Wrong]]:
    """Rows as they will be stored, and all that is wrong, by row. `households`: a row stands for a household.

    The beneficiary of such a row is the household, its head (the row's person unless another is named) is paid.
    Raises Problem 503 when the registry is down: nothing is stored.
    """
    people = await resolve(room, [ask for person in read.persons for ask in _asks(person)])
    wrong, good = list(read.wrong), []
    for person in read.persons:
        problems = _problems(person, people)
        wrong.extend(problems)
        if not problems:
            good.append(person)
    homes: dict[str, HouseholdResolved] = {}
    if households:
        homes = await resolve_households(room, [_household(person, people) for person in good])
    rows: list[NewRow] = []
    taken: dict[str, int] = {}
    for person in good:
        row, problem = _row(person, people, homes.get(str(person.row)), households)
        if row is not None and row.subject_id in taken:
            problem = Wrong(person.row, ID_NO, "duplicate_in_file", TWICE.format(row=taken[row.subject_id]))
        if problem is not None or row is None or row.subject_id is None:
            wrong.extend([problem] if problem else [])
            continue
        taken[row.subject_id] = person.row
        rows.append(row)
    for number, found in by_row(wrong).items():
        reasons = [{"column": one.column, "code": one.code, "message": one.message} for one in found]
        rows.append(NewRow(number=number, row_id=new_id(), state="rejected", reasons=reasons))
    return sorted(rows, key=lambda row: row.number), sorted(wrong, key=lambda one: one.row)


def _asks(person: Person) -> list[PersonIn]:
    asked = [
        PersonIn(
            ref=str(person.row),
            id_no=person.id_no,
            name=person.name,
            phone=person.phone,
            township=person.township,
        )
    ]
    for mark, other in (("h", person.head), ("p", person.payee)):
        if other is not None:
            ref = f"{person.row}{mark}"
            asked.append(PersonIn(ref=ref, id_no=other.id_no, name=other.name, township=person.township))
    return asked


def _problems(person: Person, people: dict[str, Resolved]) -> list[Wrong]:
    named = [("", ID_NO, True), ("h", HEAD_ID, person.head), ("p", PAYEE_ID, person.payee)]
    found = []
    for mark, column, there in named:
        answer = people.get(f"{person.row}{mark}")
        if there and (answer is None or answer.subject_id is None):
            code = (answer.problem if answer else None) or "registry_problem"
            text = (answer.message if answer else None) or UNKNOWN
            found.append(Wrong(person.row, column, code, text))
    return found


def _household(person: Person, people: dict[str, Resolved]) -> HouseholdIn:
    own, head = people[str(person.row)].subject_id or "", people.get(f"{person.row}h")
    head_id = (head.subject_id if head else None) or own
    members = sorted({own, head_id})
    return HouseholdIn(ref=str(person.row), head_id=head_id, member_ids=members, township=person.township)


def _row(
    person: Person, people: dict[str, Resolved], home: HouseholdResolved | None, households: bool
) -> tuple[NewRow | None, Wrong | None]:
    subject, payee = people[str(person.row)].subject_id, people.get(f"{person.row}p")
    payee_id = payee.subject_id if payee else None
    if households:
        if home is None or home.subject_id is None:
            code = (home.problem if home else None) or "registry_problem"
            text = (home.message if home else None) or UNKNOWN
            return None, Wrong(person.row, HEAD_ID if person.head else ID_NO, code, text)
        subject, payee_id = home.subject_id, payee_id or home.head_id
    return (
        NewRow(
            number=person.row,
            row_id=new_id(),
            subject_id=subject,
            township=person.township,
            village=person.village,
            category=person.category,
            state="accepted",
            quantity=person.quantity,
            payee_id=payee_id,
        ),
        None,
    )
