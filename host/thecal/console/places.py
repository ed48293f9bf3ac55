"""A place in the draft as a page writes it into an attribute, and sends it back."""

from __future__ import annotations

import json

from thecal.console.draft import Place
from thecal.errors import BadInputError


def place_of(text: str) -> Place:
    """Return a place in the draft as a page writes it; see ``written``. Raise BadInputError for what is no place."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, list) or not found or not all(isinstance(part, str | int) for part in found):
        raise BadInputError(["no field was named"])
    return tuple(found)


def written(place: Place) -> str:
    """Return a place in one attribute of a page."""
    return json.dumps(list(place))
