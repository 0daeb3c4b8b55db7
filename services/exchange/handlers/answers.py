"""Answers after SPDCI (registry search) and G2P Connect (mapper resolve): statuses and pseudonyms, never an id."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from kit.db import Tx
from kit.ids import new_id
from services.exchange.domain import Filter
from services.exchange.ports.pseudonyms import Pseudonyms
from services.exchange.store import tokens

VERSION = "1.0.0"
SENDER = "daohu"
SEARCH_TYPES = ("TOKEN", "SUBJECT")
"""What one may search by: the agency's own keyed token of a person, or the pseudonym it got from us."""
REGISTRY_TYPE = "subsidy:enrolments"


def stamp(moment: datetime) -> str:
    """ISO 8601 with zone, as both standards want it."""
    return moment.isoformat()


def header(
    asked: Mapping[str, Any], action: str, now: datetime, total: int, code: str | None = None
) -> dict[str, Any]:
    """The answer's header; with a code the whole message is refused."""
    made = {
        "version": VERSION,
        "message_id": new_id(),
        "message_ts": stamp(now),
        "action": action,
        "status": "rjct" if code else "succ",
        "total_count": total,
        "completed_count": 0 if code else total,
        "sender_id": SENDER,
        "receiver_id": str(asked.get("sender_id", "")),
        "is_msg_encrypted": False,
    }
    return made | ({"status_reason_code": code} if code else {})


def token_of(text: str) -> str:
    """A token as we keep it: also from G2P's `<hex>@<key>` form."""
    code, at, key = text.partition("@")
    return f"hmac-sha256:{key}:{code}" if at else text


def search_value(request: Mapping[str, Any]) -> str | None:
    """What a search request looks for; None where it is no search that we answer."""
    criteria = request["search_criteria"]
    query = criteria.get("query")
    if criteria.get("query_type") != "idtype-value" or not isinstance(query, Mapping):
        return None
    value = query.get("value")
    if query.get("type") not in SEARCH_TYPES or not isinstance(value, str) or len(value) > 200:
        return None
    return token_of(value)


def _once(items: Sequence[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], bool]]:
    """Each item, and whether its reference id came before."""
    seen: set[str] = set()
    found = []
    for one in items:
        found.append((one, one["reference_id"] in seen))
        seen.add(one["reference_id"])
    return found


async def search(
    tx: Tx, own: Pseudonyms, covered: Filter, items: Sequence[Mapping[str, Any]], now: datetime
) -> list[dict[str, Any]]:
    """`search_response`: the covered enrolments of each person asked about. Nobody found looks like nothing covered."""
    values = {id(one): search_value(one) for one in items}
    found = await tokens.standing(tx, own.agency, covered, [one for one in values.values() if one])
    answers = []
    for one, repeated in _once(items):
        answer: dict[str, Any] = {"reference_id": one["reference_id"], "timestamp": stamp(now)}
        value = values[id(one)]
        if repeated or value is None:
            code = "rjct.reference_id.duplicate" if repeated else "rjct.search_criteria.invalid"
            answers.append(answer | {"status": "rjct", "status_reason_code": code})
            continue
        records = [_record(own, row) for row in found.get(value, [])]
        answer |= {
            "status": "succ",
            "data": {
                "version": VERSION,
                "reg_type": REGISTRY_TYPE,
                "reg_record_type": "subsidy:enrolment",
                "reg_records": {"enrolments": records},
            },
            "pagination": {"page_size": len(records), "page_number": 1, "total_count": len(records)},
        }
        answers.append(answer)
    return answers


def _record(own: Pseudonyms, row: Mapping[str, Any]) -> dict[str, Any]:
    terms = ("project", "county", "township", "category", "state", "valid_from", "valid_to")
    return {
        "subject": row["pseudonym"],
        "enrolment_ref": own.of("enrolment", row["enrolment_id"]),
        **{name: row[name] for name in terms},
    }


async def resolve(
    tx: Tx, own: Pseudonyms, covered: Filter, items: Sequence[Mapping[str, Any]], now: datetime
) -> list[dict[str, Any]]:
    """`resolve_response`: whether a person draws a covered subsidy, and their pseudonym; never an address of money."""
    values = {id(one): token_of(str(one.get("id", "")))[:200] for one in items}
    found = await tokens.standing(tx, own.agency, covered, list(values.values()))
    answers = []
    for one, repeated in _once(items):
        answer: dict[str, Any] = {"reference_id": one["reference_id"], "timestamp": stamp(now)}
        rows = found.get(values[id(one)], [])
        if repeated or not one.get("id"):
            code = "rjct.reference_id.duplicate" if repeated else "rjct.id.invalid"
            answers.append(answer | {"status": "rjct", "status_reason_code": code})
        elif one.get("scope", "yes_no") != "yes_no":
            # `details` would be the financial address, which nobody gets.
            answers.append(
                answer | {"status": "rjct", "status_reason_code": "rjct.resolve_type.not_supported"}
            )
        elif not rows:
            answers.append(answer | {"status": "succ", "status_reason_code": "succ.id.not_found"})
        else:
            active = any(row["state"] == "active" for row in rows)
            subjects = sorted({row["pseudonym"] for row in rows})
            answer |= {
                "status": "succ",
                "status_reason_code": "succ.id.active" if active else "succ.id.inactive",
                "additional_info": [{"name": "subject", "value": each} for each in subjects],
            }
            answers.append(answer)
    return answers
