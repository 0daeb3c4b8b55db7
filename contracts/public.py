"""What other agencies are told (`subsidy.public.<fact>.v1`): read-only facts, apart from the rooms' registry.

They travel on `subsidy.public.<agency>` and over HTTP. No name, no number, no internal id: a person is the
CloudEvents attribute `subject`, a pseudonym that only this agency gets (pairwise), and so is every `*_ref`.
"""

from typing import ClassVar, TypeVar

from contracts.base import Kind, Message, Record, Zone

TOPIC_PREFIX = "subsidy.public."


def topic_of_agency(agency: str) -> str:
    """The one topic that an agency may read."""
    return TOPIC_PREFIX + agency


class PublicFact(Message):
    """A fact as one agency gets it. `agency` is the receiver: every copy says whose it is.

    Periods are `YYYYMM` or `YYYY`; regions are administrative codes, down to the township.
    """

    ROOM: ClassVar[str] = "exchange"
    KIND: ClassVar[Kind] = Kind.EVENT
    KEY: ClassVar[str] = "agency"
    ZONE: ClassVar[Zone] = Zone.FINANCE
    CROSSES: ClassVar[bool] = True
    OUTCOMES: ClassVar[tuple[str, ...]] = ()
    PERSONAL: ClassVar[bool] = True
    """Whether the fact has a `subject`."""

    agency: str
    project: str
    county: str

    @property
    def topic(self) -> str:
        return topic_of_agency(self.agency)


F = TypeVar("F", bound=type[PublicFact])
FACTS: dict[str, type[PublicFact]] = {}
"""Every public type by its short name (`payment_made`), which agreements list."""


def _fact(cls: F) -> F:
    name = "".join(f"_{one.lower()}" if one.isupper() else one for one in cls.__name__).lstrip("_")
    assert name == cls.TYPE.removeprefix(TOPIC_PREFIX).rpartition(".v")[0]
    FACTS[name] = cls
    return cls


class EnrolmentTerms(Record):
    """What an enrolment entitles to, as of now. `quantity` is a decimal in text (人·月, 亩)."""

    enrolment_ref: str
    township: str
    category: str
    quantity: str
    valid_from: str
    valid_to: str | None = None


@_fact
class EnrolmentStarted(PublicFact, EnrolmentTerms):
    """Somebody came to draw the subsidy: 在享, for the first time or again."""

    TYPE: ClassVar[str] = "subsidy.public.enrolment_started.v1"


@_fact
class EnrolmentChanged(PublicFact, EnrolmentTerms):
    """Category, quantity, township or last period changed while 在享."""

    TYPE: ClassVar[str] = "subsidy.public.enrolment_changed.v1"


@_fact
class EnrolmentStopped(PublicFact, EnrolmentTerms):
    """No longer 在享: `state` suspended | stopped | ended. Why is not told: it may be health or family."""

    TYPE: ClassVar[str] = "subsidy.public.enrolment_stopped.v1"

    state: str


class PaymentTerms(Record):
    """One entitlement: `kind` normal | back_pay | deduction (its amount is below zero)."""

    payment_ref: str
    township: str
    category: str
    entitlement_period: str
    kind: str
    installment: int
    amount_fen: int


@_fact
class PaymentMade(PublicFact, PaymentTerms):
    """The bank has paid (or, for a deduction, has kept back with a payment)."""

    TYPE: ClassVar[str] = "subsidy.public.payment_made.v1"


@_fact
class PaymentReturned(PublicFact, PaymentTerms):
    """退票: the money of a payment told earlier (same `payment_ref`) came back; it will be paid anew."""

    TYPE: ClassVar[str] = "subsidy.public.payment_returned.v1"


@_fact
class BatchClosed(PublicFact):
    """批次归档: a county's batch of a project is done. Sums only, of nobody in particular."""

    TYPE: ClassVar[str] = "subsidy.public.batch_closed.v1"
    PERSONAL: ClassVar[bool] = False

    period: str
    paid: int
    paid_fen: int
