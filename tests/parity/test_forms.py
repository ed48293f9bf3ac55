"""The table of instruction forms that the comparison of both paths is held against."""

from __future__ import annotations

import pytest

from thecal_hil.campaigns.parity import table
from thecal_hil.campaigns.parity.cases import cases_to_meet, reachable_flags
from thecal_hil.campaigns.parity.forms import (
    BY_NAME,
    FORMS,
    LONG_FORMS,
    UNDEFINED,
    C,
    N,
    V,
    Z,
    form_table,
)


def test_each_opcode_belongs_to_one_form_at_most() -> None:
    for opcode in range(0x10000):
        fitting = [
            number
            for number, form in enumerate(FORMS[:-1])
            if form.second is None and opcode & form.mask == form.value
        ]
        assert len(fitting) <= 1, hex(opcode)


@pytest.mark.parametrize(
    ("opcode", "name"),
    [
        (0x0000, "LSLS #"), (0x1AD1, "SUBS reg"), (0x4148, "ADCS"), (0x41C8, "RORS"), (0x4770, "BX"), (0x47A0, "BLX"),
        (0x4801, "LDR pc"),
        (0x5E08, "LDRSH reg"), (0xB510, "PUSH"), (0xBD10, "POP"), (0xB662, "CPSIE"), (0xD0FE, "BEQ"),
        (0xDDFE, "BLE"), (0xDE00, "UDF"), (0xDF01, "SVC"), (0xE7FE, "B"), (0xBF30, "WFI"), (0x47C4, "undefined"),
        (0xBA80, "undefined"), (0xE800, "undefined"), (0xB100, "undefined"),
    ],
)  # fmt: skip
def test_an_opcode_is_of_the_form_that_the_manual_has_it_in(opcode: int, name: str) -> None:
    assert FORMS[form_table()[opcode]].name == name


def test_every_condition_and_every_long_form_is_there() -> None:
    assert len([form for form in FORMS if form.value >> 12 == 0xD and form.value >> 8 < 0xDE]) == 14
    assert {FORMS[number].name for number in LONG_FORMS} == {"BL", "DSB", "DMB", "ISB", "MRS", "MSR", "UDF.W"}


@pytest.mark.parametrize(
    ("name", "variant", "possible", "impossible"),
    [
        ("ADDS reg", 0, {Z | C | V, N | V, C | V, 0}, {N | C | V, Z | V, N | Z}),
        ("ADDS #8", 0, {N | V, Z | C, N}, {C | V, Z | C | V}),
        ("CMP #", 0, {C, Z | C, N, C | V}, {0, V, Z}),
        ("RSBS", 0, {Z | C, N | V, N, 0}, {Z, C, N | C}),
        ("ADCS", 1, {Z | C, N | V, C | V}, {Z, Z | C | V}),
        ("SBCS", 0, {Z | C | V, Z | C}, {N | C | V}),
        ("ANDS", 0, {Z | C | V, N | V, 0}, {N | Z}),
        ("LSLS reg", 2, {Z, Z | C}, {N, C}),
        ("LSLS reg", 3, {Z, Z | V}, {Z | C, N}),
        ("ASRS reg", 3, {Z, N | C}, {N, Z | C, C}),
        ("LSRS #", 0, {Z, Z | C}, {C, N}),
    ],
)
def test_the_flags_a_form_can_leave_are_those_of_the_architecture(
    name: str, variant: int, possible: set[int], impossible: set[int]
) -> None:
    found = reachable_flags(BY_NAME[name])[variant]
    assert possible <= found
    assert not impossible & found


def test_a_case_that_was_not_taken_is_missing_by_its_name() -> None:
    cases = table.to_meet()
    taken = {(case.form, max(case.variant, 0), max(case.flags, 0), table.path_of(case)): 1 for case in cases}
    for case in cases:
        # Cases for any variant or any flags are met by those with one.
        if case.variant >= 0 and case.flags >= 0:
            without = {key: n for key, n in taken.items() if key[:3] != (case.form, case.variant, case.flags)}
            assert any(text.startswith(case.name) for text in table.missing(without))
            break
    else:
        pytest.fail("no case names its variant and its flags")


def test_a_case_on_the_other_path_does_not_count() -> None:
    case = next(case for case in table.to_meet() if FORMS[case.form].name == "WFI")
    assert table.path_of(case) == table.LEFT
    taken = {(case.form, case.variant, 0, table.COMPILED): 5}
    assert f"{case.name}: never left to the emulator" in table.missing(taken)


def test_flags_that_the_architecture_excludes_are_told() -> None:
    taken = {(BY_NAME["ADDS reg"], 0, N | Z, table.COMPILED): 3}
    assert any("ADDS reg" in text and "excluded by the architecture" in text for text in table.beyond(taken))


def test_what_is_undefined_has_a_case_of_its_own() -> None:
    assert any(case.form == UNDEFINED for case in cases_to_meet())
