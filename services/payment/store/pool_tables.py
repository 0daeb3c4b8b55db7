"""The tables of pools, and of how a project prices and pays, as classes; the migrations are the truth."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, Column, Identity, Numeric
from sqlmodel import Field

from services.payment.store.tables import Base, moment


class ProjectPricing(Base, table=True):
    """What a project's manifest says about pricing and vouchers."""

    __tablename__ = "project_pricing"

    project: str = Field(primary_key=True)
    version: str
    mode: str
    scale: int
    voucher: str


class Pool(Base, table=True):
    """A pool of money for a county, project and year; `price` in yuan per 亩."""

    __tablename__ = "pool"

    pool_id: str = Field(primary_key=True)
    project: str
    county: str
    year: int
    price: Decimal | None = Field(default=None, sa_column=Column(Numeric(18, 8)))
    area: Decimal | None = Field(default=None, sa_column=Column(Numeric(24, 8)))
    priced_set: str | None = None
    frozen_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))


class PoolDocument(Base, table=True):
    """Money that came into a pool, or was carried over out of it."""

    __tablename__ = "pool_document"

    pool_id: str = Field(primary_key=True, foreign_key="pool.pool_id")
    document_no: str = Field(primary_key=True)
    kind: str
    amount_fen: int
    actor: str
    at: datetime = Field(sa_column=moment())


class PoolTownship(Base, table=True):
    """A township that must come."""

    __tablename__ = "pool_township"

    pool_id: str = Field(primary_key=True, foreign_key="pool.pool_id")
    township: str = Field(primary_key=True)


class PoolReservation(Base, table=True):
    """The declared area of a late township."""

    __tablename__ = "pool_reservation"

    number: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    pool_id: str = Field(foreign_key="pool.pool_id")
    township: str
    area: Decimal = Field(sa_column=Column(Numeric(24, 8), nullable=False))
    reason: str
    actor: str
    at: datetime = Field(sa_column=moment())
    released_by: str | None = None
    released_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))


class PoolLine(Base, table=True):
    """What a line takes of its pool."""

    __tablename__ = "pool_line"

    slice_id: str = Field(primary_key=True)
    line_id: str = Field(primary_key=True)
    pool_id: str = Field(foreign_key="pool.pool_id")
    set_id: str
    township: str
    area: Decimal = Field(sa_column=Column(Numeric(17, 8), nullable=False))
    amount_fen: int
    late: bool
    gone: bool = False
