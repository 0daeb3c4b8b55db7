import logging
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from opentelemetry.sdk.trace import TracerProvider
from pydantic import BaseModel, ConfigDict

from kit import errors, problems
from kit.errors import MEDIA_TYPE, Problem, RowError

SECRET = "53269919500101001X"


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid")

    age: int
    marks: dict[str, int] = {}


def build() -> FastAPI:
    app = FastAPI()
    problems.install(app)

    @app.post("/form")
    async def form(form: Form) -> int:
        return form.age

    @app.get("/problem")
    async def problem() -> None:
        rows = [RowError(2, "身份证号", "id_wrong_check_digit", "身份证校验码错误 (wrong check digit)")]
        raise errors.unprocessable("roster-refused", "名单有误", "the roster has errors", errors=rows)

    @app.get("/http")
    async def http() -> None:
        raise HTTPException(409, detail=SECRET, headers={"X-Kept": "1"})

    @app.get("/busy")
    async def busy() -> None:
        raise errors.unavailable(7)

    @app.get("/bug")
    async def bug() -> None:
        raise RuntimeError(f"duplicate key {SECRET}")

    @app.get("/late")
    async def late() -> StreamingResponse:
        async def body() -> AsyncIterator[bytes]:
            yield b"begun"
            raise RuntimeError(SECRET)

        return StreamingResponse(body())

    return app


async def call(method: str, path: str, **more: object) -> httpx.Response:
    transport = httpx.ASGITransport(build())
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.request(method, path, **more)  # type: ignore[arg-type] # passed through


async def test_row_errors_come_all_at_once() -> None:
    answer = await call("GET", "/problem")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.json() == {
        "type": "urn:daohu:problem:roster-refused",
        "title": "名单有误 (the roster has errors)",
        "status": 422,
        "errors": [
            {
                "row": 2,
                "column": "身份证号",
                "code": "id_wrong_check_digit",
                "message": "身份证校验码错误 (wrong check digit)",
            }
        ],
    }


@pytest.mark.parametrize(
    "body",
    [
        {"age": SECRET},
        {"age": 1, SECRET: 1},
        {"age": 1, "zhangsan": 1},
        {"age": 1, "marks": {SECRET: SECRET}},
        {"age": 1, "marks": {"张三丰": "x"}},
        SECRET,
    ],
)
async def test_a_validation_error_never_repeats_what_was_sent(body: object) -> None:
    answer = await call("POST", "/form", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert not any(word in answer.text for word in (SECRET, "zhangsan", "张三丰"))
    assert answer.json()["fields"]


async def test_a_validation_error_says_where_and_why() -> None:
    answer = await call("POST", "/form", json={"age": "x"})
    assert answer.json()["fields"] == [{"pointer": "/body/age", "code": "int_parsing"}]


async def test_framework_errors_lose_their_text_and_keep_their_headers() -> None:
    answer = await call("GET", "/http")
    assert (answer.status_code, answer.headers["x-kept"]) == (409, "1")
    assert SECRET not in answer.text
    missing = await call("GET", "/nowhere")
    assert missing.json() == errors.not_found().body()
    assert missing.headers["content-type"] == MEDIA_TYPE
    assert (await call("PUT", "/form")).json()["type"].endswith("method-not-allowed")


async def test_unavailable_says_when_to_come_back() -> None:
    answer = await call("GET", "/busy")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")


async def test_a_bug_shows_its_trace_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    with TracerProvider().get_tracer("t").start_as_current_span("s") as span, caplog.at_level(logging.ERROR):
        answer = await call("GET", "/bug")
    trace_id = f"{span.get_span_context().trace_id:032x}"
    assert answer.status_code == 500
    assert answer.json()["trace_id"] == trace_id
    assert SECRET not in answer.text + caplog.text
    assert "RuntimeError" in caplog.text
    assert trace_id in caplog.text
    assert "in bug" in caplog.text


async def test_a_failure_after_the_answer_began_closes_it_without_the_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR), pytest.raises(problems.AnswerCutShort) as caught:
        await call("GET", "/late")
    assert SECRET not in caplog.text + str(caught.value)


def test_members_cannot_overwrite_the_standard_ones() -> None:
    assert Problem(409, "x", "甲", "a", type="evil").body()["type"] == "urn:daohu:problem:x"
    assert str(Problem(409, "x", "甲", "a", SECRET)) == "409 x"
