"""Roles: who may change what. A role may do all that the roles before it may; reading needs none."""

ROLE_NAMES = ("none", "patient", "clinician")
(ROLE_NONE, ROLE_PATIENT, ROLE_CLINICIAN) = range(len(ROLE_NAMES))
