"""The pages: functions from what is known to trees of elements, escaped by construction, with no state of their own."""
