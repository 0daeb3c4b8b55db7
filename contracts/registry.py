"""The registry's door: the one synchronous hop of the back office, so HTTP bodies; and the few facts it states.

Every call is made with a room's service token; each answer that contains a person's data is logged with
its purpose. The registry alone stores ID numbers, names, phones and accounts.
"""

from datetime import date
from enum import StrEnum

from contracts.base import Message, Record, event


class Purpose(StrEnum):
    """Why a person's data are read (logged by the registry; PIPL art. 6, minimal use)."""

    CARD_MATCHING = "card_matching"
    POSTED_NOTICE = "posted_notice"
    BANK_FILE = "bank_file"
    VERIFICATION = "verification"
    OFFICIAL_REVIEW = "official_review"


class PersonIn(Record):
    """One person as typed or imported. `ref` comes back unchanged; `id_no` may be in any spelling.

    `township` (9 digits) is where the person has to do with the administration: its officials, and those
    above, may look at the person.
    """

    ref: str
    id_no: str
    name: str
    phone: str | None = None
    township: str | None = None


class ResolveRequest(Record):
    """`only_subject`: create and change nobody else; whoever is not this subject, or has another name,
    comes back with the same problem `not_known` (M44: a citizen learns nothing about another pair).
    """

    persons: list[PersonIn]
    only_subject: str | None = None


class Resolved(Record):
    """`subject_id` for a usable person; else `problem` (machine code) and `message` (Chinese first).

    `notices`: e.g. `normalised_15`, `lower_case_x`, `name_differs` (the same number with another name: a
    problem, not a second person).
    """

    ref: str
    subject_id: str | None = None
    created: bool = False
    problem: str | None = None
    message: str | None = None
    notices: list[str] = []


class ResolveReply(Record):
    persons: list[Resolved]


class SubjectsRequest(Record):
    purpose: Purpose
    subject_ids: list[str]


class TokensRequest(Record):
    """For `exchange`: an agency's own keyed tokens of these subjects; the agency makes the same ones itself."""

    agency: str
    subject_ids: list[str]


class SubjectToken(Record):
    """`token`: HMAC of the ID number under the agency's token key; a household's is its head's."""

    subject_id: str
    token: str


class TokensReply(Record):
    """Persons that exist."""

    tokens: list[SubjectToken]


class Profile(Record):
    """What verification needs: birth date and the keyed blind index; no number, no name.

    A household as a beneficiary: its head's birth date, gender and blind index, with `head_id` and the profiles
    of all its members, the head's too; a single person has neither.
    """

    subject_id: str
    birth_date: date
    gender: str
    blind_index: str
    head_id: str | None = None
    members: list["Profile"] = []


class Identity(Record):
    """For 人社匹卡 only: the number and name that the agency's interface asks for (M18)."""

    subject_id: str
    id_no: str
    name: str


class Named(Record):
    """For notices: full name, and whether the person is a child (posted masked, decisions §5)."""

    subject_id: str
    name: str
    child: bool


class AccountIn(Record):
    """What a card match yields; stored by the registry only."""

    subject_id: str
    ssc_no: str
    bank_code: str
    account_no: str
    account_name: str


class Account(Record):
    """For the bank file: the account that a payee's card carries."""

    subject_id: str
    bank_code: str
    account_no: str
    account_name: str


class BlindIndexRequest(Record):
    """Reference data at load (deaths, membership …): numbers in, keyed blind indexes out, nothing stored."""

    id_nos: list[str]


class BlindIndexReply(Record):
    """Same order; null where the number is not usable."""

    blind_indexes: list[str | None]


class ProfilesReply(Record):
    """Persons that exist, in the order asked; so with the replies below."""

    profiles: list[Profile]


class IdentitiesReply(Record):
    identities: list[Identity]


class NamesReply(Record):
    names: list[Named]


class AccountsReply(Record):
    """Only those who have an account."""

    accounts: list[Account]


class AccountsPut(Record):
    accounts: list[AccountIn]


class AccountsStored(Record):
    """How many accounts stand now; accounts of unknown persons are left out."""

    stored: int


class HouseholdIn(Record):
    """A household as a roster names it: its head and members as subjects, in one township (9 digits)."""

    ref: str
    head_id: str
    member_ids: list[str] = []
    township: str


class HouseholdsResolve(Record):
    """At most 5,000 households a call; each is resolved by itself."""

    households: list[HouseholdIn]


class HouseholdResolved(Record):
    """`subject_id` is the household as a beneficiary; else `problem` and `message` (Chinese first).

    Problems: `person_unknown`, `head_is_member` (of a household with another head: a change of head needs two
    people), `member_elsewhere` (lives in another household by our books). `notices`: `members_differ`: the
    household stands with the members it has; joining and leaving need two people.
    """

    ref: str
    household_id: str | None = None
    subject_id: str | None = None
    head_id: str | None = None
    created: bool = False
    problem: str | None = None
    message: str | None = None
    notices: list[str] = []


class HouseholdsReply(Record):
    """In the order asked."""

    households: list[HouseholdResolved]


class PayeePair(Record):
    """A beneficiary, and who is to receive the money."""

    subject_id: str
    payee_id: str


class PayeesCheck(Record):
    """R12 for at most 5,000 lines of one project: may these receive, on this day (ISO)?"""

    project: str
    on: date
    pairs: list[PayeePair]


class PayeesReply(Record):
    """Same order: true where the payee is the one whom a mandate names that day; without one, the household's
    head or the beneficiary.
    """

    authorised: list[bool]


class Basis(StrEnum):
    """Why the payee may receive the beneficiary's money (decisions §1)."""

    SELF = "self"
    HOUSEHOLD_HEAD = "household_head"
    GUARDIAN = "guardian"
    AUTHORISED = "authorised"


@event("subsidy.registry.payee_changed.v1", key="subject_id", crosses=True)
class PayeeChanged(Message):
    """Two people approved who is paid for a beneficiary, from `valid_from` to `valid_to` (ISO dates, both counted).

    `project` null means every project. `rev` rises with each change of the same beneficiary and project.
    """

    subject_id: str
    project: str | None = None
    payee_id: str
    basis: Basis
    valid_from: str
    valid_to: str | None = None
    rev: int


@event("subsidy.registry.household_changed.v1", key="household_id", crosses=True)
class HouseholdChanged(Message):
    """A household as it stands: `change` formed | head_changed | split | joined | left. `subject_id` is the
    household as a beneficiary; its head is paid unless a `PayeeChanged` says otherwise.
    """

    household_id: str
    subject_id: str
    head_id: str
    member_ids: list[str]
    change: str
    effective_on: str
    rev: int
