"""The pump: one object that is polled, and the parts that deliver, watch, remember and make durable."""
