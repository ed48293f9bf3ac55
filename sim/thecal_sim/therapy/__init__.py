"""An independent reference of therapy: what a sequence of requests and events gives, dose by dose.

It is written from docs/therapy.md alone and shares nothing with the firmware: no module, no constant, no rounding but
those the document names. Instants are whole nanoseconds of running time, rates whole nanolitres a day, volumes exact.
"""
