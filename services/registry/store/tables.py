"""The tables as classes; the migrations are the truth, and a test compares the two."""

from datetime import datetime

from sqlalchemy import Column, DateTime, LargeBinary, MetaData
from sqlmodel import Field, SQLModel


class Base(SQLModel):
    """This room's tables: another room may have one of the same name."""

    metadata = MetaData()


class Subject(Base, table=True):
    """One person: a random id, a keyed index of the number, and a sealed envelope."""

    __tablename__ = "subject"

    subject_id: str = Field(primary_key=True)
    blind_index: str = Field(unique=True)
    wrapped_key: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    erased_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=True))


class SubjectRegion(Base, table=True):
    """A township that has to do with a person."""

    __tablename__ = "subject_region"

    subject_id: str = Field(primary_key=True, foreign_key="subject.subject_id")
    township: str = Field(primary_key=True)
    since: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class AccountRow(Base, table=True):
    """A person's account, sealed under the person's key."""

    __tablename__ = "account"

    subject_id: str = Field(primary_key=True, foreign_key="subject.subject_id")
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    updated_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
