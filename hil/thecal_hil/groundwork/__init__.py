"""The groundwork that knows nothing of pumps: copies of a process, how far long work is, sealed files, the checkout,
what is installed."""
