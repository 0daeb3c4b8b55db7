"""What a person's envelope holds, and how it is opened; nothing in it is ever stored outside of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.registry.ports import Vault

_SEPARATOR = "\x1f"  # no canonical number, name or account holds a control character


@dataclass(frozen=True, slots=True)
class Sealed:
    """A person as stored: ids and ciphertext."""

    subject_id: str
    blind_index: str
    wrapped_key: bytes
    sealed: bytes

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Sealed":
        """From a row of `subject`."""
        return cls(row["subject_id"], row["blind_index"], row["wrapped_key"], row["sealed"])


@dataclass(frozen=True, slots=True)
class Content:
    """A person in the clear, for the length of one call."""

    number: str = field(repr=False)
    name: str = field(repr=False)
    phone: str | None = field(default=None, repr=False)
    aliases: tuple[str, ...] = field(default=(), repr=False)
    """Other spellings of the name that two people have approved."""

    def is_called(self, name: str) -> bool:
        """Whether a canonical name is this person's, in one of the approved spellings."""
        return name == self.name or name in self.aliases

    @classmethod
    def open(cls, vault: Vault, person: Sealed) -> "Content":
        """Decrypt an envelope; its place (the blind index) is bound in, so that none can be swapped."""
        clear = vault.open(person.wrapped_key, person.sealed, person.blind_index, owner=person.blind_index)
        number, name, phone, *aliases = clear.decode().split(_SEPARATOR)
        return cls(number, name, phone or None, tuple(aliases))

    def clear(self) -> bytes:
        """The bytes to seal."""
        return _SEPARATOR.join([self.number, self.name, self.phone or "", *self.aliases]).encode()


@dataclass(frozen=True, slots=True)
class AccountContent:
    """An account in the clear, for the length of one call."""

    ssc_no: str = field(repr=False)
    bank_code: str
    account_no: str = field(repr=False)
    account_name: str = field(repr=False)

    @classmethod
    def open(cls, vault: Vault, owner: Sealed, sealed: bytes) -> "AccountContent":
        """Decrypt an account under its owner's key."""
        place = account_place(owner.subject_id)
        clear = vault.open(owner.wrapped_key, sealed, place, owner=owner.blind_index)
        return cls(*clear.decode().split(_SEPARATOR))

    def clear(self) -> bytes:
        """The bytes to seal. Raises ValueError when a field holds a control character."""
        parts = [self.ssc_no, self.bank_code, self.account_no, self.account_name]
        if any(_SEPARATOR in part for part in parts):
            raise ValueError("a control character in an account")
        return _SEPARATOR.join(parts).encode()


def account_place(subject_id: str) -> str:
    """What an account's ciphertext is bound to."""
    return f"account:{subject_id}"
