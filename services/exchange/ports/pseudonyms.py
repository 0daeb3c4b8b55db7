"""What an agency gets instead of internal ids, under a key of its own in the key folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.public import FACTS, PublicFact
from kit.crypto import KeyRing, Provider, configured
from kit.service import Room

SOURCE = "/daohu/exchange"
_REFERENCES = {"enrolment_ref": "enrolment", "payment_ref": "payment"}


@dataclass(frozen=True, slots=True)
class PublicEvent:
    """A fact as one agency gets it: the same id, content and pseudonyms by whichever way."""

    id: str
    position: int
    time: str
    subject: str | None
    fact: PublicFact

    def attributes(self) -> dict[str, str]:
        """The CloudEvents attributes beside type and source."""
        found = {"id": self.id, "time": self.time, "position": str(self.position)}
        return found | ({"subject": self.subject} if self.subject else {})

    def structured(self) -> dict[str, Any]:
        """The event in CloudEvents' JSON format."""
        return {
            "specversion": "1.0",
            "type": self.fact.TYPE,
            "source": SOURCE,
            "datacontenttype": "application/json",
            **self.attributes(),
            "data": self.fact.model_dump(mode="json"),
        }


class Pseudonyms:
    """One agency's pairwise pseudonyms. Raises KeyMissing where the agency has no key."""

    def __init__(self, key_dir: Path, agency: str) -> None:
        purpose = f"pairwise{agency}"
        ring = KeyRing.from_dir(key_dir, (purpose,))
        self.agency = agency
        self._key_id = ring.current(purpose)
        self._provider = Provider(configured(), ring)

    def of(self, domain: str, internal_id: str) -> str:
        """`hmac-<digest>:<key>:<hex>`: always the same for this agency, unlike any other agency's."""
        return self._provider.blind_index(domain, internal_id, self._key_id)

    def event(self, row: Mapping[str, Any]) -> PublicEvent:
        """The event of a feed row joined with its fact."""
        cls = FACTS[row["name"]]
        body = {"agency": self.agency, "project": row["project"], "county": row["county"], **row["body"]}
        for field, domain in _REFERENCES.items():
            if field in cls.model_fields:
                body[field] = self.of(domain, row["ref"])
        return PublicEvent(
            id=row["event_id"],
            position=row["position"],
            time=row["at"].isoformat(),
            subject=self.of("subject", row["subject_id"]) if cls.PERSONAL else None,
            fact=cls.model_validate(body),
        )


def pseudonyms(room: Room, agency: str) -> Pseudonyms:
    """The agency's pseudonyms. Raises KeyMissing."""
    return Pseudonyms(Path(room.settings.key_dir), agency)
