"""A village as a citizen wrote it gets its code at 补贴清单 (M17, decisions §5)."""

from collections.abc import Iterable, Mapping


def code_of(text: str, names: Mapping[str, str]) -> str | None:
    """The code of the one village that the text names, or None. `names`: code by name, of one township.

    A code of the township, the exact name, or a longer address with exactly one village name in it.
    """
    wanted = "".join(text.split())
    if wanted in names.values():
        return wanted
    if wanted in names:
        return names[wanted]
    inside = {code for name, code in names.items() if name in wanted}
    return inside.pop() if len(inside) == 1 else None


def codes_of(texts: Iterable[str], names: Mapping[str, str]) -> dict[str, str]:
    """Code by text, of the texts that name a village of the township."""
    found = {text: code_of(text, names) for text in texts}
    return {text: code for text, code in found.items() if code is not None}
