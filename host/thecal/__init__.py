"""Host side of Thecal: prescriptions, the client of a pump, and the ``thecal`` command."""

from thecal.client import Pump
from thecal.prescription import load_prescription

__all__ = ["Pump", "load_prescription"]
