"""The board's behaviour once the pump's program has ended with an exception, until the watchdog resets it.

The tones of a critical alarm sound without a pause, and each request is answered with the error *not running*. So a
pump that can't start says so to whoever hears it or asks it, however often it is reset, and is never just silent.
Nothing of the pump's program is needed for that, so there is memory for it once the program is gone.
"""

import struct

from thecal_fw.link.access_messages import TAGGED
from thecal_fw.link.error_codes import ERROR_NOT_RUNNING
from thecal_fw.link.frames import FrameReader, encode_frame
from thecal_fw.rp2.annunciator import Annunciator
from thecal_fw.rp2.clock import Clock
from thecal_fw.rp2.port import Port
from thecal_fw.rp2.sleep import Sleeper

_TONE_US = 250_000
"""As long as a tone of a critical alarm, and the pause after it."""
_KIND_ERROR = 0xFF
_ERROR_FORMAT = "<BBI"
"""As in ``messages``, which take more memory than there may be."""


def wait_for_reset(is_out_of_memory: bool) -> None:
    """Sound the alarm and answer requests for ever. The motor's driver must be off."""
    annunciator, port, clock, reader = Annunciator(), Port(), Clock(), FrameReader()
    sleep_until = Sleeper(clock, port).sleep_until
    sounds = False
    due_s, due_us = clock.s, clock.us
    while True:
        clock.read()
        if (clock.s, clock.us) >= (due_s, due_us):
            sounds = not sounds
            annunciator.buzzer(sounds)
            us = clock.us + _TONE_US
            due_s, due_us = clock.s + us // 1_000_000, us % 1_000_000
        byte = port.read()
        while byte >= 0:
            frame = reader.push(byte)
            if frame is not None:
                kind = frame.kind & ~TAGGED
                payload = struct.pack(_ERROR_FORMAT, kind, ERROR_NOT_RUNNING, is_out_of_memory)
                port.write(encode_frame(_KIND_ERROR, frame.session, frame.request, payload))
            byte = port.read()
        sleep_until(due_s, due_us)
