"""Everything the controller is given, built for this board."""

from thecal_fw.rp2.annunciator import Annunciator
from thecal_fw.rp2.board import Machine
from thecal_fw.rp2.clock import Clock
from thecal_fw.rp2.driver import Driver
from thecal_fw.rp2.port import Port
from thecal_fw.rp2.sense import Sense
from thecal_fw.rp2.steptrain import StepTrain
from thecal_fw.rp2.watchdog import Watchdog


class Hardware:
    """See ``thecal_fw.ports``. The motor is off first of all."""

    def __init__(self):
        self.driver = Driver()
        self.annunciator = Annunciator()
        self.machine = Machine()
        self.watchdog = Watchdog()
        self.clock = Clock()
        self.sense = Sense()
        self.train = StepTrain()
        self.port = Port()
