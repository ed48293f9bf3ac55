"""The sensor of line pressure as a whole: believed or not, and what it then says of the line.

Each sample passes its sensor's own judgement first. A pressure that the line can't have is held against the sensor.
"""

from thecal_fw.core.fluid.line_watch import LINE_DOUBTED, LINE_OPEN, LineWatch
from thecal_fw.core.fluid.open_line import OpenLineWatch
from thecal_fw.core.fluid.pressure_scale import PressureScale
from thecal_fw.core.fluid.sensor_watch import SensorWatch


class PressureChannel:
    """line: what the line was last found to be. is_broken: whether it has been found open before its tip. sensor: what
    is held against the sensor. watch: how much the line may have stored. samples_a_block: of those blocks that are
    compared."""

    def __init__(self, scale: PressureScale, samples_a_block: int, ripple_nl: int) -> None:
        self._scale = scale
        self.samples_a_block = samples_a_block
        self.sensor = SensorWatch(scale.least, scale.most)
        self.watch = LineWatch(ripple_nl)
        self._open_line = OpenLineWatch(samples_a_block)
        self.line = LINE_OPEN
        self.is_broken = False
        self._unseen_nl = 0

    def take(self, conversions: int, moved_nl: int) -> int:
        """Judge a sum of conversions, or what stands in place of one, and the volume moved since the sample before."""
        self._unseen_nl += moved_nl
        if self.sensor.take(conversions):
            pa = self._scale.pa(conversions)
            self.line = self.watch.take(pa, self._unseen_nl)
            self._unseen_nl = 0
            if self.line == LINE_DOUBTED:
                self.sensor.doubt()
                self.watch.begin()
            elif self._open_line.take(pa):
                self.is_broken = True
        return self.line
