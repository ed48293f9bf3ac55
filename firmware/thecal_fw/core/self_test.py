"""What a pump tests after reset before it delivers, one bit each. What a failure leads to is in the alarm table."""

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
