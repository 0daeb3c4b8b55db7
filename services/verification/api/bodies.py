"""What comes in over HTTP for reviews."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Key = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
Period = Annotated[str, StringConstraints(pattern=r"^[12]\d{3}(0[1-9]|1[0-2]|Q[1-4])?$")]
Region = Annotated[str, StringConstraints(pattern=r"^(\d{2}|\d{4}|\d{6}|\d{9})$")]
MOST_HITS = 1000


class Body(BaseModel):
    """A request body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class ProposalIn(Body):
    """Lift or confirm, with the officer's finding and uploaded evidence; text and documents are stored sealed.

    Without `consequence` and `last_period` a confirmation takes what the hit is prefilled with.
    """

    decision: Literal["lift", "confirm"]
    reason: Words
    evidence_ids: Annotated[list[Key], Field(max_length=20)] = []
    consequence: Literal["exclude", "stop", "payee"] | None = None
    last_period: Period | None = None


class ProposalsIn(ProposalIn):
    """The same proposal for several hits."""

    hit_ids: Annotated[list[int], Field(min_length=1, max_length=MOST_HITS)]


class AnswerIn(Body):
    """Another person's decision."""

    answer: Literal["approve", "reject"]
    opinion: Words | None = None


class AnswersIn(AnswerIn):
    """The same decision for several hits."""

    hit_ids: Annotated[list[int], Field(min_length=1, max_length=MOST_HITS)]


class ItemOut(BaseModel):
    """What became of one hit of several: its state, or the problem's type and title."""

    hit_id: int
    state: str | None = None
    problem: str | None = None
    title: str | None = None
