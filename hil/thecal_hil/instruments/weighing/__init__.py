"""What came out, weighed: ``thecal weigh`` reads any balance's record, ``thecal balance`` writes one."""
