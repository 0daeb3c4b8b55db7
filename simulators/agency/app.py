"""The 人社 agency as an HTTP service: matches cards, and misbehaves when its schedule says so."""

import time
from datetime import date
from typing import Annotated, Any

import orjson
from fastapi import FastAPI, Query, Request, Response
from pydantic import BaseModel, Field

from simulators.agency.book import answer, load_cards, open_book, summary, write_journal
from simulators.agency.schedule import Schedule, Step, steps_of
from simulators.common import (
    Lost,
    Refusal,
    Settings,
    ndjson_batches,
    new_app,
    reply,
    serve,
    settings_from_env,
)


class Person(BaseModel):
    """One person asked about; `ref` is the caller's own mark and comes back unchanged."""

    ref: str = Field(min_length=1, max_length=64)
    id_no: str = Field(min_length=1, max_length=32)
    name: str = Field(min_length=1, max_length=64)


class Match(BaseModel):
    """Up to 1,000 persons; the same request id always gets the same answer."""

    request_id: str = Field(min_length=1, max_length=64)
    persons: list[Person] = Field(min_length=1, max_length=1000)


class CardQuery(BaseModel):
    """Persons that were 处理中 processing, asked again; without a request id each call is a new one."""

    request_id: str | None = Field(default=None, min_length=1, max_length=64)
    persons: list[Person] = Field(min_length=1, max_length=1000)


class Day(BaseModel):
    """The agency's own day: what was planned up to it has happened."""

    day: date


class Behaviour(BaseModel):
    """Lasting behaviour: the share 处理中 at first, the queries until it settles, the delay of a call."""

    seed: int | None = None
    processing_rate: float = Field(default=0.02, ge=0, le=1)
    processing_queries: int = Field(default=1, ge=1, le=100)
    delay_ms: int = Field(default=0, ge=0, le=60_000)


def lie(kind: str, body: bytes) -> bytes:
    """The answer as a faulty agency sends it. Only this reply lies; the book and a repeated call do not."""
    if kind == "malformed":
        return body[: len(body) * 2 // 3]
    doc = orjson.loads(body)
    results = doc["results"]
    if kind == "missing":
        doc["results"] = results[: len(results) // 2]
    elif kind == "wrong_ref":
        results[0]["ref"] = "00000000-wrong-ref"
    elif kind == "other_name":
        for result in results[:1]:
            result["account_name"] = "某不相干人"
    return orjson.dumps(doc)


def create_app(settings: Settings) -> FastAPI:
    """The agency with its book in `settings.data_dir`."""
    book = open_book(settings.data_dir)
    app = new_app("daohu 人社 agency simulator", book)

    def behaviour() -> dict[str, Any]:
        kept: dict[str, Any] = book.get("behaviour", Behaviour().model_dump())
        return kept | {"seed": settings.seed if kept["seed"] is None else kept["seed"]}

    def next_step() -> Step | None:
        steps = book.get("schedule", [])
        if not steps:
            return None
        call = book.bump("schedule_calls")
        return next((Step(**step) for step in steps if step["call"] == call), None)

    def call(operation: str, request_id: str | None, persons: list[Person]) -> Response:
        now = behaviour()
        step = next_step()
        kind = step.kind if step else "none"
        time.sleep((now["delay_ms"] + (step.ms if step and kind == "slow" else 0)) / 1000)
        outcome = "refused"
        try:
            if step and kind == "refuse_503":
                raise Refusal(503, "unavailable", "系统维护中 (under maintenance)", retry_after=1)
            if step and kind == "refuse_429":
                raise Refusal(429, "too_many_requests", "请求过于频繁 (too many requests)", step.retry_after)
            body = answer(book, operation, request_id, [person.model_dump() for person in persons], now)
            outcome = "answered"
            if kind == "lost_reply":
                raise Lost
        finally:
            write_journal(book, operation, request_id, len(persons), kind, outcome)
        if kind in ("malformed", "missing", "wrong_ref", "other_name"):
            body = lie(kind, body)
        return Response(body, media_type="application/json")

    @app.post("/v1/cards:match")
    def match(body: Match) -> Response:
        return call("match", body.request_id, body.persons)

    @app.post("/v1/cards:query")
    def query(body: CardQuery) -> Response:
        return call("query", body.request_id, body.persons)

    @app.get("/v1/book")
    def book_summary() -> Response:
        return reply(summary(book) | {"behaviour": behaviour(), "schedule": book.get("schedule", [])})

    @app.get("/v1/journal")
    def journal(after: Annotated[int, Query(ge=0)] = 0) -> Response:
        names = ("n", "at", "operation", "request_id", "persons", "behaviour", "outcome")
        with book.read() as db:
            rows = db.execute(
                f"SELECT {','.join(names)} FROM journal WHERE n > ? ORDER BY n LIMIT 10000", (after,)
            )
            return reply({"calls": [dict(zip(names, row, strict=True)) for row in rows]})

    if settings.development:

        @app.post("/v1/world")
        async def world(request: Request) -> Response:
            count = 0
            async for rows in ndjson_batches(request):
                count += load_cards(book, rows)
            return reply({"loaded": count})

        @app.post("/v1/day")
        def set_day(body: Day) -> Response:
            book.put("day", body.day.isoformat())
            return reply({"day": body.day.isoformat()})

        @app.post("/v1/behaviour")
        def set_behaviour(body: Behaviour) -> Response:
            book.put("behaviour", body.model_dump())
            return reply(behaviour())

        @app.post("/v1/schedule")
        def set_schedule(body: Schedule) -> Response:
            steps = [step.model_dump() for step in steps_of(body)]
            book.put("schedule_calls", 0)
            book.put("schedule", steps)
            return reply({"steps": steps})

    return app


if __name__ == "__main__":
    chosen = settings_from_env()
    serve(create_app(chosen), chosen)
