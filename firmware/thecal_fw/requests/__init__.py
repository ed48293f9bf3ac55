"""The pump's answers to a host's requests: frames in and out, who may ask for what, and one handler a message."""
