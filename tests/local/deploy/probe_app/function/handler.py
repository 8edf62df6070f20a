"""The probe's function."""


def handler(event: dict, _context: object) -> dict:
    """Greet whom the execution's input names."""
    return {"greeting": f"hello {event['name']}"}
