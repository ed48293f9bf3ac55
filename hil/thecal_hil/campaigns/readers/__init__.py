"""Campaign: every reader of bytes, fed by a fuzzer that is guided by the code it reaches."""
