"""Both crypto suites, AES/SHA-256 and SM4/SM3, in every room that seals: chosen by one setting, changed by one setting.

What was sealed before a change is read after it, codes by which persons are found stay the same, and no room names
a suite itself. The main job runs whole under the national suite, and leaves nothing of the other in any database.
"""

import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from demo import population
from demo.__main__ import START, drive
from demo.options import Options
from demo.progress import Board
from kit import crypto
from kit.crypto import INTERNATIONAL, NATIONAL, Suite, configured
from services.batch import ports as batch
from services.exchange.ports import vault as exchange
from services.exchange.ports.pseudonyms import Pseudonyms
from services.grievance import ports as grievance
from services.payment import ports as payment
from services.publicity.ports import vault as publicity
from services.registry import ports as registry
from services.registry.store import changes
from services.supervision import ports as supervision
from services.verification import ports as verification
from stack.paths import CHECKOUT
from stack.rooms import ROOMS, Stack

SUITES = [INTERNATIONAL, NATIONAL]
CLEAR = "陶砚秋 的材料"

Seal = Callable[[Any], bytes]
Open = Callable[[Any, bytes], Any]
DOORS: dict[str, tuple[Any, Seal, Open]] = {
    "grievance text": (
        grievance.open_vault,
        lambda room: grievance.seal(room, CLEAR, "case", "text"),
        lambda room, sealed: grievance.unseal(room, sealed, "case", "text"),
    ),
    "grievance picture": (
        grievance.open_vault,
        lambda room: grievance.seal_picture(room, CLEAR.encode(), "case"),
        lambda room, sealed: grievance.open_picture(room, sealed, "case"),
    ),
    "supervision note": (
        supervision.open_vault,
        lambda room: supervision.seal(room, CLEAR, "order", "note") or b"",
        lambda room, sealed: supervision.unseal(room, sealed, "order", "note"),
    ),
    "publicity photo": (
        publicity.open_vault,
        lambda room: publicity.seal(room, CLEAR.encode(), "notice"),
        lambda room, sealed: publicity.open_sealed(room, sealed, "notice"),
    ),
    "verification evidence": (
        verification.open_vault,
        lambda room: verification.seal(room, CLEAR.encode(), "evidence"),
        lambda room, sealed: verification.unseal(room, sealed, "evidence"),
    ),
    "payment bank file": (
        payment.open_vault,
        lambda room: payment.seal(room, "file", CLEAR.encode()),
        lambda room, sealed: payment.unseal(room, "file", sealed),
    ),
    "exchange secret": (
        exchange.open_vault,
        lambda room: exchange.seal(room, CLEAR, "webhook"),
        lambda room, sealed: exchange.unseal(room, sealed, "webhook"),
    ),
}


def room_at(folder: Path) -> Any:
    """As much of a room as a vault needs, newly started."""
    return SimpleNamespace(settings=SimpleNamespace(key_dir=str(folder)), state={})


@pytest.fixture(params=SUITES, ids=lambda suite: suite.name)
def suite(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Suite:
    monkeypatch.setenv("DAOHU_PROFILE", "development")
    monkeypatch.setenv("DAOHU_KEY_DIR", str(tmp_path))
    monkeypatch.setenv("DAOHU_CRYPTO", request.param.name)
    chosen: Suite = request.param
    return chosen


@pytest.fixture
def switch(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Suite]:
    """Changes the setting to the other suite."""

    def to_the_other() -> Suite:
        other = NATIONAL if suite is INTERNATIONAL else INTERNATIONAL
        monkeypatch.setenv("DAOHU_CRYPTO", other.name)
        return other

    return to_the_other


@pytest.mark.parametrize("door", DOORS)
async def test_a_room_seals_with_the_suite_that_is_set_and_reads_both(
    door: str, suite: Suite, switch: Callable[[], Suite], tmp_path: Path
) -> None:
    start, seal, read = DOORS[door]
    before = room_at(tmp_path)
    await start(before)
    sealed = seal(before)
    assert sealed.startswith(f"{suite.cipher.name}:".encode())
    other, after = switch(), room_at(tmp_path)
    await start(after)
    assert read(after, sealed) in (CLEAR, CLEAR.encode())
    assert seal(after).startswith(f"{other.cipher.name}:".encode())
    assert CLEAR.encode() not in sealed


def test_rosters_follow_the_setting(suite: Suite, switch: Callable[[], Suite]) -> None:
    batch._sealer.cache_clear()
    sealed = batch.sealer().seal_under("file", CLEAR.encode(), "roster")
    batch._sealer.cache_clear()
    other = switch()
    assert sealed.startswith(f"{suite.cipher.name}:".encode())
    assert batch.sealer().open_under(sealed, "roster") == CLEAR.encode()
    assert batch.sealer().seal_under("file", b"x", "roster").startswith(f"{other.cipher.name}:".encode())
    batch._sealer.cache_clear()


def test_a_person_is_found_and_read_after_a_change_of_suite(
    suite: Suite, switch: Callable[[], Suite], tmp_path: Path
) -> None:
    vault = registry.load_vault(tmp_path)
    index = vault.blind_index("53269919500101001X")
    key, sealed = vault.seal_new(CLEAR.encode(), index)
    assert index.startswith(f"hmac-{suite.digest.name}:")
    switch()
    later = registry.load_vault(tmp_path)
    assert later.blind_index("53269919500101001X") == index, "a second index would make a second person"
    assert later.open(key, sealed, index, owner=index) == CLEAR.encode()
    more = later.seal(key, b"more", "place", owner=index)
    assert later.open(key, more, "place", owner=index) == b"more"


def test_what_agencies_know_a_person_by_outlives_a_change(
    suite: Suite, switch: Callable[[], Suite], tmp_path: Path
) -> None:
    def known() -> tuple[str, str]:
        token = registry.AgencyTokens(tmp_path, "civil").of("53269919500101001X")
        return Pseudonyms(tmp_path, "civil").of("subject", "s"), token

    before = known()
    assert all(one.startswith(f"hmac-{suite.digest.name}:") for one in before)
    switch()
    assert known() == before


def test_digests_name_the_suite(suite: Suite) -> None:
    for digest in (changes.digest_of_file(b"x"), crypto.digest(b"x")):
        assert re.fullmatch(rf"{suite.digest.name}:[0-9a-f]{{64}}", digest)


def test_another_word_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAOHU_CRYPTO", "sm")
    with pytest.raises(ValueError, match="international, national"):
        configured()


def test_no_room_names_a_suite_itself() -> None:
    named = [
        str(path.relative_to(CHECKOUT))
        for path in (CHECKOUT / "services").rglob("*.py")
        if "tests" not in path.parts
        and re.search(r"\b(INTERNATIONAL|NATIONAL|AES256GCM|SM4GCM)\b", path.read_text("utf-8"))
    ]
    assert named == []


# Algorithm names as they stand before a colon in ciphertexts, codes and digests; the longer ones first.
NAMED = "(aes256gcm|sm4gcm|hmac-sha256|hmac-sm3|sha256|sm3):"
ALWAYS_SHA256 = {"audit.hash", "audit.prev", "audit.detail", "submission.request_digest"}
"""The audit trail, and the fingerprint by which one submission is known again: SHA-256 under both suites."""
FOLLOWING = {
    "sm4gcm": {
        "registry.subject.sealed", "registry.subject.wrapped_key", "registry.account.sealed",
        "batch.roster_file.ciphertext", "payment.bank_file.content", "publicity.photo.sealed",
        "grievance.case_file.text_sealed",
    },
    "hmac-sm3": {"registry.subject.blind_index", "verification.reference_row.blind_index"},
    "sm3": {"publicity.photo.digest", "application.consent.text_digest"},
}  # fmt: skip


async def written(stack: Stack) -> dict[str, set[str]]:
    """Algorithm → every column (room.table.column) in which a value names it, over all rooms' databases."""
    found: dict[str, set[str]] = defaultdict(set)
    server = urlsplit(stack.postgres.dsn)
    for room in ROOMS:
        database = await asyncpg.connect(urlunsplit((*server[:2], f"/{room}", *server[3:])))
        try:
            columns = await database.fetch(
                "SELECT table_name, column_name, data_type = 'bytea' AS raw FROM information_schema.columns "
                "WHERE table_schema = 'public' AND data_type IN ('text', 'jsonb', 'json', 'bytea', 'ARRAY')"
            )
            for table, column, raw in columns:
                text = f"encode(\"{column}\", 'escape')" if raw else f'"{column}"::text'
                for row in await database.fetch(
                    f"SELECT DISTINCT m[1] FROM \"{table}\", regexp_matches({text}, $1, 'g') AS m", NAMED
                ):
                    found[row[0]].add(f"{room}.{table}.{column}")
        finally:
            await database.close()
    return found


@pytest.mark.timeout(900)
async def test_the_main_job_runs_whole_under_the_national_suite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAOHU_CRYPTO", NATIONAL.name)
    options = Options(people=60, seed=3, data_dir=tmp_path / "data", run_dir=tmp_path / "run")
    people = population.generate(options.people, options.seed, options.period)
    with (
        Board() as board,
        Stack(
            data_dir=options.data_dir, run_dir=options.run_dir, say=board.say, business_now=START, fast=True
        ) as stack,
    ):
        last = await drive(options, people, stack, board)
        names = await written(stack)
    assert [name for name, one in last["invariants"].items() if not (one["ok"] and one["checked"])] == []
    assert last["ok"]
    assert last["paid"] > 0 and (last["lost"], last["paid_twice"], last["parked"]) == (0, 0, 0)
    assert [columns - names[name] for name, columns in FOLLOWING.items()] == [set()] * len(FOLLOWING)
    assert not names["aes256gcm"] and not names["hmac-sha256"]
    assert {column.partition(".")[2] for column in names["sha256"]} <= ALWAYS_SHA256
