"""An in-test registry at the HTTP boundary, a project made of the real rules, and messages to check with."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import httpx

from contracts.application import Enrolment, EnrolmentsStated, EnrolmentState
from contracts.base import CHUNK_ROWS, Message, rows_digest
from contracts.batch import Line, LinesStated, LineState, SliceRevision
from contracts.orchestrator import ProjectDeployed
from contracts.verification import CheckEligibility, RecheckSet, VerifySlice
from kit.testing import RoomHarness

RULES = Path(__file__).parents[3] / "bpmn" / "projects" / "elderly-service-subsidy" / "rules.dmn"
ALL = ["R01", "R03", "R04", "R05", "R06", "R07", "R08", "R09", "R10"]
PROJECT = "11810"
TOWNSHIP = "539901101"
SLICE = "slice-1"


class Registry:
    """Answers as the real one: `born` says who is known, `homes` who lives together (the head first); a number's
    blind index is `b:` and the number."""

    def __init__(self) -> None:
        self.born: dict[str, date] = {}
        self.homes: dict[str, list[str]] = {}
        self.out = False
        self.calls: list[int] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        if self.out:
            return httpx.Response(503)
        if request.url.path.endswith("/blind-indexes"):
            answer: dict[str, Any] = {
                "blind_indexes": [f"b:{one}" if one.startswith("S") else None for one in body["id_nos"]]
            }
        else:
            self.calls.append(len(body["subject_ids"]))
            found = [
                self._profile(one) for one in body["subject_ids"] if one in self.born or one in self.homes
            ]
            answer = {"profiles": found}
        return httpx.Response(200, json=answer)

    def _profile(self, subject: str) -> dict[str, Any]:
        """A household has its head's data, and its members."""
        members = self.homes.get(subject, [])
        head = members[0] if members else subject
        profile: dict[str, Any] = {
            "subject_id": subject, "birth_date": str(self.born[head]), "gender": "female", "blind_index": f"b:{head}",
        }  # fmt: skip
        if members:
            profile |= {"head_id": head, "members": [self._profile(one) for one in members]}
        return profile


def deployed(version: str = "v1", *, rules: str | None = None, **parameters: Any) -> ProjectDeployed:
    """The project with its real DMN, or another one."""
    return ProjectDeployed(
        project=PROJECT,
        version=version,
        manifest={
            "rules": {
                "file": "rules.dmn",
                "stages": {
                    "application": ALL,
                    "alert_verification": ALL,
                    "before_file": ["R04", "R05", "R06"],
                },
                "parameters": {"age_at": "period_start", "death_within_period": "pay"} | parameters,
            }
        },
        rules={"rules.dmn": rules or RULES.read_text(encoding="utf-8")},
        form_schema={},
    )


def eligibility(subject: str, application: str | None = None, version: str = "v1") -> CheckEligibility:
    return CheckEligibility(
        application_id=application or f"a-{subject}",
        subject_id=subject,
        project=PROJECT,
        township=TOWNSHIP,
        category="destitute",
        submitted_on="2023-05-10",
        project_version=version,
    )


def line(subject: str, **changes: Any) -> Line:
    return Line(
        **{
            "line_id": f"l-{subject}", "rev": 2, "application_id": f"a-{subject}", "subject_id": subject,
            "payee_id": subject, "village": f"{TOWNSHIP}201", "state": LineState.NORMAL,
            "entitlement_period": "202305",
        } | changes
    )  # fmt: skip


def stated(lines: list[Line], revision: int = 1, slice_id: str = SLICE) -> list[Message]:
    """A revision in chunks."""
    parts = [lines[at : at + CHUNK_ROWS] for at in range(0, len(lines), CHUNK_ROWS)] or [[]]
    digest = rows_digest(lines)
    return [
        LinesStated(
            stream_id=slice_id, revision=revision, index=index, count=len(parts), digest=digest,
            batch_id="batch-1", project=PROJECT, period="202305", county=TOWNSHIP[:6], township=TOWNSHIP,
            category="destitute", rows=part,
        )
        for index, part in enumerate(parts)
    ]  # fmt: skip


def verify(revision: int = 1, slice_id: str = SLICE, version: str = "v1") -> VerifySlice:
    return VerifySlice(
        slice_id=slice_id, revision=revision, project=PROJECT, period="202305", project_version=version
    )


def recheck(*slices: tuple[str, int], set_id: str = "set-1", version: str = "v1") -> RecheckSet:
    named = [SliceRevision(slice_id=slice_id, revision=revision) for slice_id, revision in slices]
    return RecheckSet(set_id=set_id, project=PROJECT, period="202305", project_version=version, slices=named)


async def listed(
    room: RoomHarness, kind: str, *rows: tuple[str, date | None, str | None], region: str = "5399"
) -> None:
    """A loaded reference file."""
    async with room.room.tx() as tx:
        await tx.execute(
            "INSERT INTO reference_file "
            "VALUES ($1 || $2, $1, $1 || ' 来源', $2, '', 0, 0, NULL, 'x', now(), NULL) ON CONFLICT DO NOTHING",
            kind,
            region,
        )
        records = [(kind + region, kind, f"b:{subject}", day, detail) for subject, day, detail in rows]
        await tx.copy("reference_row", ("file_id", "kind", "blind_index", "day", "detail"), records)


async def members(room: RoomHarness, *subjects: str) -> None:
    await listed(room, "membership", *((one, date(2022, 1, 1), "destitute") for one in subjects))


def enrolments(subject: str, state: str, rev: int) -> EnrolmentsStated:
    """One act about one enrolment."""
    rows = [
        Enrolment(
            enrolment_id=f"e-{subject}", application_id=f"a-{subject}", rev=rev, subject_id=subject, payee_id=subject,
            township=TOWNSHIP, village=f"{TOWNSHIP}201", category="destitute", state=EnrolmentState(state),
            valid_from="202305",
        )
    ]  # fmt: skip
    return EnrolmentsStated(
        stream_id=f"enrolments:{subject}-{rev}", revision=1, index=0, count=1, digest=rows_digest(rows),
        project=PROJECT, county=TOWNSHIP[:6], enrolments=rows,
    )  # fmt: skip
