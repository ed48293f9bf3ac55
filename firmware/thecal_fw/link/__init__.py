"""The wire between pump and host: frames, messages and requests. Both ends import this one definition."""
