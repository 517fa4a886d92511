"""The calls that everyone makes: a system message, and a user message that differs every time."""

MODEL = "mock"
SYSTEM = "Перескажи предложение другими словами. Отвечай только по-русски, одним предложением."
MAX_TOKENS = 128
TEMPERATURE = 1.0


def user(number: int) -> str:
    """Return the user message of a call."""
    return (
        f"Исходное: Поезд номер {number} ушёл со станции вовремя, хотя всю ночь шёл снег и "
        f"на {number % 97} километре чинили пути."
    )


def messages(number: int) -> list[dict[str, str]]:
    """Return the messages of a call."""
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": user(number)}]
