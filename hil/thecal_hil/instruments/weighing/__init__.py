"""Weighings of what came out: ``thecal weigh`` reads any balance's record, ``thecal balance`` writes one."""
