"""The paying bank as an HTTP service: payment files in, results, queries and its book out."""

import hashlib
import time
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal

import orjson
from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from simulators.bank import iso
from simulators.bank.book import credits_after, file_lines, load_accounts, open_book, query, summary
from simulators.bank.booking import book_file, receipt_of
from simulators.bank.files import parse, result_parts
from simulators.bank.statements import Movement, Return, add_movement, add_return, entries
from simulators.bank.trouble import Trouble, of_file, set_trouble, told
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

TEXT = "text/plain; charset=utf-8"


class Behaviour(BaseModel):
    """How the bank behaves from now on; counts (`*_times`) run down, then it recovers."""

    seed: int | None = None
    fail_rate: float = Field(default=0.02, ge=0, le=1)
    unknown_rate: float = Field(default=0.01, ge=0, le=1)
    unknown_paid_rate: float = Field(default=0.5, ge=0, le=1)
    delay_ms: int = Field(default=0, ge=0, le=60_000)
    result_delay_ms: int = Field(
        default=0, ge=0, le=3_600_000, description="results are ready this much later"
    )
    lose_replies: int = Field(
        default=0, ge=0, description="book the next n new files, then close the connection"
    )
    refuse: int = Field(default=0, ge=0, description="answer the next n files with 503, book nothing")
    refuse_whole: int = Field(
        default=0, ge=0, description="refuse the next n files for good (422), book nothing"
    )
    no_statement: int = Field(
        default=0, ge=0, description="answer the next n statement requests with 404: not made yet"
    )
    result: Literal[
        "plain",
        "unknown_line",
        "wrong_total",
        "duplicated",
        "two_parts",
        "out_of_order",
        "partial",
        "contradictory",
    ] = "plain"
    result_times: int = Field(
        default=1, ge=0, description="for how many fetches `result` holds (part 1 counts)"
    )


class Queries(BaseModel):
    """Up to 1,000 end-to-end ids."""

    end_to_end_ids: list[Annotated[str, Field(min_length=1, max_length=64)]] = Field(
        min_length=1, max_length=1000
    )


def create_app(settings: Settings) -> FastAPI:
    """The bank with its book in `settings.data_dir`."""
    book = open_book(settings.data_dir)
    app = new_app("daohu bank simulator", book)

    def behaviour() -> dict[str, Any]:
        kept: dict[str, Any] = book.get("behaviour", Behaviour().model_dump())
        return kept | {"seed": settings.seed if kept["seed"] is None else kept["seed"]}

    def spend(name: str, now: dict[str, Any]) -> bool:
        if now[name] <= 0:
            return False
        book.put("behaviour", now | {name: now[name] - 1})
        return True

    def take(file_id: str, sha256: str, encoding: str, body: bytes) -> Response:
        now = behaviour()
        time.sleep(now["delay_ms"] / 1000)
        if hashlib.sha256(body).hexdigest() != sha256.lower():
            raise Refusal(422, "wrong_digest", "文件摘要不符 (the file's SHA-256 differs)")
        if spend("refuse", now):
            raise Refusal(503, "unavailable", "系统维护中 (under maintenance)", retry_after=1)
        receipt = receipt_of(book, file_id, sha256.lower())
        if receipt is None and spend("refuse_whole", now):
            raise Refusal(422, "file_refused", "整批拒收 (the whole file is refused)")
        if receipt is None:
            file = iso.parse(body) if iso.is_xml(body) else parse(body, encoding)
            # Before the file is booked, so that its results are never told in the other format.
            book.put(f"iso:{file_id}", iso.is_xml(body))
            receipt = book_file(book, file_id, sha256.lower(), file, now, time.time())
            if spend("lose_replies", now):
                raise Lost
        return Response(receipt, media_type="application/json")

    @app.post("/v1/files")
    async def send_file(
        request: Request,
        file_id: Annotated[str, Query(pattern=r"^[A-Za-z0-9._-]{1,64}$")],
        sha256: Annotated[str, Query(pattern=r"^[0-9a-fA-F]{64}$")],
        encoding: Literal["utf-8", "gbk"] = "utf-8",
    ) -> Response:
        return await run_in_threadpool(take, file_id, sha256, encoding, await request.body())

    @app.get("/v1/files/{file_id}")
    def receipt(file_id: str) -> Response:
        with book.read() as db:
            row = db.execute("SELECT receipt FROM files WHERE file_id = ?", (file_id,)).fetchone()
        if row is None:
            raise Refusal(404, "no_such_file", "没有这个文件 (no such file)")
        return Response(row[0], media_type="application/json")

    @app.get("/v1/files/{file_id}/result")
    def result(file_id: str, part: Annotated[int, Query(ge=1)] = 1) -> Response:
        head, lines = file_lines(book, file_id)
        now = behaviour()
        wait = head["booked_epoch"] + now["result_delay_ms"] / 1000 - time.time()
        if wait > 0:
            return Response(status_code=202, headers={"Retry-After": str(max(1, round(wait)))})
        kind = now["result"] if now["result_times"] > 0 else "plain"
        parts = told(head, lines, of_file(book, file_id)) if kind == "plain" else None
        parts = parts or result_parts(head["batch"], head["date"], lines, kind, now["seed"])
        speaks_iso = book.get(f"iso:{file_id}", False)
        if speaks_iso:
            parts = [iso.report(one, number) for number, one in enumerate(parts, start=1)]
        if part > len(parts):
            raise Refusal(404, "no_such_part", "没有这一部分 (no such part)")
        if kind != "plain" and part == len(parts):
            book.put("behaviour", now | {"result_times": now["result_times"] - 1})
        digest = hashlib.sha256(parts[part - 1].encode()).hexdigest()
        headers = {
            # Half a result is another file than the whole one that follows.
            "X-Result-Id": f"{file_id}-{part}" + ("h" if kind == "partial" else ""),
            "X-Result-Parts": str(len(parts)),
            "X-Result-Sha256": digest,
        }
        media_type = "application/xml" if speaks_iso else TEXT
        return Response(parts[part - 1], headers=headers, media_type=media_type)

    @app.post("/v1/queries")
    def queries(body: Queries) -> Response:
        time.sleep(behaviour()["delay_ms"] / 1000)
        return reply({"results": query(book, body.end_to_end_ids)})

    @app.get("/v1/book")
    def credits() -> Response:
        def rows() -> Iterator[bytes]:
            last = ""
            while page := credits_after(book, last):
                last = page[-1]["end_to_end_id"]
                yield b"".join(orjson.dumps(row) + b"\n" for row in page)

        return StreamingResponse(rows(), media_type="application/x-ndjson")

    @app.get("/v1/statements")
    def statement(account: Annotated[str, Query(min_length=1, max_length=64)], day: date) -> Response:
        if spend("no_statement", behaviour()):
            raise Refusal(404, "no_statement", "当日对账单尚未生成 (no statement of that day yet)")
        return reply({"account": account, "day": day.isoformat(), "entries": entries(book, account, day)})

    @app.get("/v1/book/summary")
    def book_summary() -> Response:
        return reply(summary(book) | {"behaviour": behaviour(), "book": str(book.path)})

    if settings.development:

        @app.post("/v1/world")
        async def world(request: Request) -> Response:
            count = 0
            async for rows in ndjson_batches(request):
                count += load_accounts(book, rows)
            return reply({"loaded": count})

        @app.post("/v1/trouble")
        def trouble(body: list[Trouble]) -> Response:
            set_trouble(book, body)
            return reply({"accounts": len(body)})

        @app.post("/v1/returns")
        def come_back(body: Return) -> Response:
            return reply({"bank_ref": add_return(book, body)})

        @app.post("/v1/movements")
        def movement(body: Movement) -> Response:
            return reply({"bank_ref": add_movement(book, body)})

        @app.post("/v1/behaviour")
        def set_behaviour(body: dict[str, Any]) -> Response:
            # Only what is named changes: rates set for a run survive a later "lose one reply".
            named = Behaviour.model_validate(behaviour() | body).model_dump()
            book.put("behaviour", named)
            return reply(behaviour())

    return app


if __name__ == "__main__":
    chosen = settings_from_env()
    serve(create_app(chosen), chosen)
