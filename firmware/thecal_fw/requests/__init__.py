"""What the pump does at a host's request: frames in and out, who may ask for what, and one handler a message."""
