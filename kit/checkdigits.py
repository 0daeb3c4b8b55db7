"""Check digits of bank outlets (ISO 7064 MOD 11,10) and of bank cards (Luhn)."""

_DIGITS = frozenset("0123456789")


def _is_digits(text: str) -> bool:
    # str.isdigit() is also true for full-width and other scripts' digits.
    return bool(text) and _DIGITS.issuperset(text)


def cnaps_valid(code: str) -> bool:
    """Whether a bank outlet number (联行号) has 12 digits and a right ISO 7064 MOD 11,10 check digit."""
    if len(code) != 12 or not _is_digits(code):
        return False
    product = 10
    for digit in code[:-1]:
        total = (product + int(digit)) % 10 or 10
        product = total * 2 % 11
    return (product + int(code[-1])) % 10 == 1


def cnaps_check_digit(first_eleven: str) -> str:
    """The twelfth digit of an outlet number. Raises ValueError unless given eleven digits."""
    if len(first_eleven) != 11 or not _is_digits(first_eleven):
        raise ValueError("an outlet number has eleven digits before its check digit")
    return next(digit for digit in "0123456789" if cnaps_valid(first_eleven + digit))


def luhn_valid(number: str) -> bool:
    """Whether a card number passes Luhn. Passbooks need not: a failure is a warning, not a refusal."""
    if not _is_digits(number):
        return False
    total = 0
    for place, character in enumerate(reversed(number)):
        digit = int(character) * (1 + place % 2)
        total += digit - 9 if digit > 9 else digit
    return total % 10 == 0


def luhn_check_digit(number: str) -> str:
    """The digit that, appended, makes the number pass Luhn. Raises ValueError for anything but digits."""
    if not _is_digits(number):
        raise ValueError("a card number is made of digits")
    return next(digit for digit in "0123456789" if luhn_valid(number + digit))
