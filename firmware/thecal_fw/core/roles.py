"""Roles: who may change what. A role may do all that the roles before it may; reading needs none.

Access is what the keys of a pump's roles are: never given, in force, or given and unreadable.
"""

ROLE_NAMES = ("none", "patient", "clinician")
(ROLE_NONE, ROLE_PATIENT, ROLE_CLINICIAN) = range(len(ROLE_NAMES))

ACCESS_NAMES = ("open", "keyed", "keys damaged")
(OPEN, KEYED, DAMAGED) = range(len(ACCESS_NAMES))
