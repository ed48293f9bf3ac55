"""The tests that a pump makes after a reset before it delivers, one bit each. The alarm table says what a failure
leads to."""

TEST_NAMES = ("image", "memory", "clock", "sense loopback", "flash", "buzzer", "button", "speed")
(
    TEST_IMAGE,
    TEST_MEMORY,
    TEST_CLOCK,
    TEST_SENSE,
    TEST_FLASH,
    TEST_BUZZER,
    TEST_BUTTON,
    TEST_SPEED,
) = (1 << bit for bit in range(len(TEST_NAMES)))
