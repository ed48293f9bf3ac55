"""Everything the controller is given, built for this board."""

from thecal_fw.rp2.annunciator import Annunciator
from thecal_fw.rp2.board import Machine, is_own_image
from thecal_fw.rp2.button import Button
from thecal_fw.rp2.clock import Clock
from thecal_fw.rp2.driver import Driver
from thecal_fw.rp2.gate import DoseGate
from thecal_fw.rp2.motion import Motion
from thecal_fw.rp2.port import Port
from thecal_fw.rp2.reset_cause import begin_life
from thecal_fw.rp2.retained import Retained
from thecal_fw.rp2.self_test import SelfTest
from thecal_fw.rp2.sense import Sense
from thecal_fw.rp2.steptrain import StepTrain
from thecal_fw.rp2.supply import Supply
from thecal_fw.rp2.watchdog import Watchdog


class Hardware:
    """See ``thecal_fw.ports``. The motor is off first of all; what outlived a reset is read before it is written to."""

    def __init__(self):
        self.gate = DoseGate()
        self.driver = Driver()
        was_bitten = begin_life()
        self.retained = Retained(was_bitten)
        self.machine = Machine(was_bitten, self.retained)
        self.watchdog = Watchdog()
        self.clock = Clock()
        self.sense = Sense()
        self.motion = Motion()
        self.supply = Supply()
        self.button = Button()
        self.self_test = SelfTest(self.sense, was_bitten)
        self.annunciator = Annunciator()
        self.flash = _journal_flash()
        self.train = StepTrain(self.machine.room.block_pulses)
        self.port = Port()


def _journal_flash():
    """Return the raw flash on the pump's own image; on a stock one the whole storage is a file system."""
    if is_own_image():
        from thecal_fw.rp2.flash import Flash

        return Flash()
    from thecal_fw.rp2.file_flash import FileFlash

    return FileFlash()
