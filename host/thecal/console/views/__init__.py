"""The pages: functions from what is known to a tree of elements, escaped by construction, with no state of their own."""
