"""Rigs, instruments, faults and evidence: one scenario on a model, an emulated board or a real one."""
