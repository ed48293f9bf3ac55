"""Host side of Thecal: prescriptions, the client of a pump, and the ``thecal`` command."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from thecal.client import Pump
    from thecal.prescription import load_prescription

__all__ = ["Pump", "load_prescription"]


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: the command must start at once."""
    if name == "Pump":
        from thecal.client import Pump

        return Pump
    if name == "load_prescription":
        from thecal.prescription import load_prescription

        return load_prescription
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
