"""Reports of a pump as self-contained HTML: a hand-out for the patient and a report for the clinic."""
