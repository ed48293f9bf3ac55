"""A straight-line model fitted to readings of unequal worth, where a part of their scatter is not known beforehand.

Each reading's variance is ``floor + excess * share``: the floor is known (the balance), the excess is found from the
readings (the head). It is the least that makes the weighted squares of what is left add up to the degrees of freedom,
and zero if the floor alone explains more (R. C. Paule and J. Mandel, J. Res. NBS 87 (1982) 377-385, for a line as by
R. DerSimonian and R. Kacker, Contemp. Clin. Trials 28 (2007) 105-114).

Promise: columns may differ in size by any factor; columns that say the same raise ``SameColumnsError``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

_ROUNDS = 60
_ALIKE = 1e-9


class SameColumnsError(ValueError):
    """Two columns of a model can't be known apart with these readings."""


@dataclass(frozen=True)
class Line:
    """A reading as the model sees it: ``y = columns . parameters + error``."""

    y: float
    columns: tuple[float, ...]
    floor: float
    share: float


@dataclass(frozen=True)
class Fitted:
    """parameters and their covariance; excess: as in the module's head; left: of each reading, what the model leaves;
    squares: of what is left, weighted."""

    parameters: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    excess: float
    dof: int
    left: tuple[float, ...]
    squares: float

    def predicted(self, columns: Sequence[float]) -> tuple[float, float]:
        """Return what the model expects of a reading, and the variance of that expectation."""
        value = sum(c * p for c, p in zip(columns, self.parameters, strict=True))
        spread = [sum(v * c for v, c in zip(row, columns, strict=True)) for row in self.covariance]
        return value, sum(c * s for c, s in zip(columns, spread, strict=True))

    def u(self, index: int) -> float:
        """Return the standard uncertainty of one parameter."""
        return sqrt(self.covariance[index][index])


def fit(lines: Sequence[Line]) -> Fitted:
    """Return the fit of lines by columns; raise ValueError unless there are more lines than columns."""
    count = len(lines[0].columns) if lines else 0
    dof = len(lines) - count
    if dof < 1:
        raise ValueError(f"lines: {len(lines)} for {count} parameters; more are needed")
    excess = 0.0
    found = weighted(lines, excess)
    for _ in range(_ROUNDS):
        over = found.squares - dof
        if over <= 1e-9 * dof:
            break
        slope = sum(
            one.share * left * left / _variance(one, excess) ** 2
            for one, left in zip(lines, found.left, strict=True)
        )
        if slope <= 0.0:
            break
        # The squares are a convex, falling function of the excess, so this comes near from below and never oversteps.
        excess += over / slope
        found = weighted(lines, excess)
    return found


def _variance(line: Line, excess: float) -> float:
    return line.floor + excess * line.share


def weighted(lines: Sequence[Line], excess: float) -> Fitted:
    """Return the fit with an excess that is given."""
    count = len(lines[0].columns)
    weights = [1.0 / _variance(line, excess) for line in lines]
    scale = [
        sqrt(sum(w * line.columns[i] ** 2 for w, line in zip(weights, lines, strict=True))) or 1.0
        for i in range(count)
    ]
    normal = [
        [
            sum(w * one.columns[i] * one.columns[j] for w, one in zip(weights, lines, strict=True))
            / (scale[i] * scale[j])
            for j in range(count)
        ]
        for i in range(count)
    ]
    inverse = _inverse(normal)
    right = [
        sum(w * line.columns[i] * line.y for w, line in zip(weights, lines, strict=True)) / scale[i]
        for i in range(count)
    ]
    parameters = tuple(sum(inverse[i][j] * right[j] for j in range(count)) / scale[i] for i in range(count))
    covariance = tuple(
        tuple(inverse[i][j] / (scale[i] * scale[j]) for j in range(count)) for i in range(count)
    )
    left = tuple(line.y - sum(c * p for c, p in zip(line.columns, parameters, strict=True)) for line in lines)
    squares = sum(w * value * value for w, value in zip(weights, left, strict=True))
    return Fitted(parameters, covariance, excess, len(lines) - count, left, squares)


def _inverse(matrix: list[list[float]]) -> list[list[float]]:
    """Return the inverse of a positive definite matrix with ones on its diagonal (Gauss and Jordan, rows exchanged)."""
    count = len(matrix)
    work = [[*row, *(float(i == j) for j in range(count))] for i, row in enumerate(matrix)]
    for column in range(count):
        pivot = max(range(column, count), key=lambda row: abs(work[row][column]))
        if abs(work[pivot][column]) < _ALIKE:
            raise SameColumnsError("two columns of the model can't be known apart with these readings")
        work[column], work[pivot] = work[pivot], work[column]
        lead = work[column][column]
        work[column] = [value / lead for value in work[column]]
        for row in range(count):
            if row != column and work[row][column]:
                factor = work[row][column]
                work[row] = [a - factor * b for a, b in zip(work[row], work[column], strict=True)]
    return [row[count:] for row in work]
