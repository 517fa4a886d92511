"""Which texts may be passed on: what a row's licenses say of it, and those of what it grew from."""

from collections.abc import Iterable

from rupairs.licenses import conditions_of, parts_of

FORBIDDING = ("credentialed", "unknown", "unrecognised", "no_derivatives")


def forbidding(license_id: str) -> str | None:
    """Return the condition of a row's license that forbids passing it on, None if none does."""
    return next((c for c in conditions_of(license_id) if c in FORBIDDING), None)


def joined(licenses: Iterable[str]) -> str:
    """Return the license of what was made from rows with these: each of them once, in order."""
    return "; ".join(dict.fromkeys(part for found in licenses for part in parts_of(found)))
