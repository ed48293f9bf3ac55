"""Whole numbers that never change, written out wherever they are used.

A constant of a module costs the board a name, an entry in the module's dictionary and one in that of each module that
imports it, and each use of it looks it up there. Written out it costs a byte or two.

Promises: a name is written out only if its module binds it once, to a number that follows from the sources, and only
where it means that and not something of a function's own. A branch whose condition is known is taken or left out.
"""

import ast
import operator
import struct

from lean.modules import LeanError, Modules, bound_in, path_of

_OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.BitXor: operator.xor,
    ast.USub: operator.neg,
    ast.Invert: operator.invert,
    ast.Not: operator.not_,
}
_FOLLOWED = (ast.If, ast.Try, ast.ExceptHandler)
"""Statements whose parts are a module's own like those outside of them."""
Value = int | str | bytes


class _UnknownError(Exception):
    """The value of an expression does not follow from the sources."""


class _Module:
    """Holds what one module binds: by name, the expression or import that a name stands for, if there is one only."""

    def __init__(self, path: str, tree: ast.Module, modules: Modules) -> None:
        self.path = path
        self.aliases: dict[str, str] = {}
        """Modules by the name that this one has for them."""
        self.imports: dict[str, tuple[str, str]] = {}
        """Path and name of what is imported from another module."""
        self.values: dict[str, ast.expr] = {}
        self.numbers: dict[str, int] = {}
        self._modules = modules
        self._bound: dict[str, int] = {}
        for statement in tree.body:
            self._take(statement)
        for node in ast.walk(tree):
            if isinstance(node, ast.Global):
                for name in node.names:
                    self._bind(name)
        for name, times in self._bound.items():
            if times > 1:
                for table in (self.aliases, self.imports, self.values, self.numbers):
                    table.pop(name, None)

    def _bind(self, name: str) -> None:
        self._bound[name] = self._bound.get(name, 0) + 1

    def _take(self, statement: ast.AST) -> None:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            self._bind(statement.name)
        elif isinstance(statement, ast.ImportFrom | ast.Import):
            self._take_import(statement)
        elif isinstance(statement, _FOLLOWED):
            for part in ast.iter_child_nodes(statement):
                self._take(part)
        else:
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    self._bind(node.id)
            if isinstance(statement, ast.Assign):
                self._take_assignment(statement.targets, statement.value)
            elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
                self._take_assignment([statement.target], statement.value)

    def _take_import(self, statement: ast.ImportFrom | ast.Import) -> None:
        for alias in statement.names:
            name = alias.asname or alias.name.partition(".")[0]
            self._bind(name)
            if isinstance(statement, ast.Import):
                if alias.asname and (path := path_of(alias.name, self._modules)):
                    self.aliases[name] = path
            elif path := path_of(f"{statement.module}.{alias.name}", self._modules):
                self.aliases[name] = path
            elif path := path_of(statement.module or "", self._modules):
                self.imports[name] = (path, alias.name)

    def _take_assignment(self, targets: list[ast.expr], value: ast.expr) -> None:
        if len(targets) != 1:
            return
        if isinstance(targets[0], ast.Name):
            self.values[targets[0].id] = value
        elif isinstance(targets[0], ast.Tuple) and _calls(value, "range"):
            for number, target in enumerate(targets[0].elts):
                if isinstance(target, ast.Name):
                    self.numbers[target.id] = number


class _Program:
    """Holds all modules, and the constants in them."""

    def __init__(self, modules: Modules) -> None:
        self.modules = {path: _Module(path, tree, modules) for path, tree in modules.items()}

    def value(self, path: str, name: str) -> Value:
        """Return what a name of a module stands for."""
        module = self.modules[path]
        if name in module.imports:
            return self.value(*module.imports[name])
        if name in module.numbers:
            return module.numbers[name]
        if name in module.values:
            return self.evaluated(module.values[name], path)
        raise _UnknownError(name)

    def evaluated(self, node: ast.expr, path: str) -> Value:
        """Return what an expression of a module comes to."""
        match node:
            case ast.Constant(value=int() | str() | bytes() as value):
                return value
            case ast.Name(id=name):
                return self.value(path, name)
            case ast.Attribute(value=ast.Name(id=name), attr=attribute):
                if name in self.modules[path].aliases:
                    return self.value(self.modules[path].aliases[name], attribute)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                both = self.evaluated(left, path), self.evaluated(right, path)
                if all(isinstance(value, int) for value in both) or isinstance(op, ast.Add):
                    return _OPERATORS[type(op)](*both)
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
                return _OPERATORS[type(op)](self.evaluated(operand, path))
            case ast.Call(args=[argument], keywords=[]):
                return self._called(node, argument, path)
        raise _UnknownError(ast.unparse(node))

    def _called(self, call: ast.Call, argument: ast.expr, path: str) -> Value:
        if _calls(call, "const"):
            return self.evaluated(argument, path)
        if _calls(call, "calcsize"):
            return struct.calcsize(str(self.evaluated(argument, path)))
        if _calls(call, "len"):
            return self._length(argument, path)
        raise _UnknownError(ast.unparse(call))

    def _length(self, node: ast.expr, path: str) -> int:
        """Return the length of a tuple that is written out somewhere."""
        while isinstance(node, ast.Name):
            name = node.id
            while name in self.modules[path].imports:
                path, name = self.modules[path].imports[name]
            if name not in self.modules[path].values:
                raise _UnknownError(name)
            node = self.modules[path].values[name]
        if isinstance(node, ast.Tuple) and not any(isinstance(part, ast.Starred) for part in node.elts):
            return len(node.elts)
        raise _UnknownError(ast.unparse(node))

    def number(self, path: str, name: str) -> int | None:
        """Return the number that a name of a module always stands for; None if it is no number, or may change."""
        try:
            value = self.value(path, name)
        except _UnknownError:
            return None
        return value if isinstance(value, int) else None


def _calls(node: ast.expr, name: str) -> bool:
    if not isinstance(node, ast.Call):
        return False
    called = node.func
    return name == (called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", None))


class _Writer(ast.NodeTransformer):
    """Writes the constants out in one module."""

    def __init__(self, program: _Program, path: str) -> None:
        self._program = program
        self._path = path
        self._own: list[set[str]] = []

    def _is_own(self, name: str) -> bool:
        return any(name in names for names in self._own)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.decorator_list = [self.visit(part) for part in node.decorator_list]
        node.args = self.visit(node.args)
        self._own.append(bound_in(node))
        node.body = self._block(node.body)
        self._own.pop()
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self._own.append(bound_in(node))
        node.body = self.visit(node.body)
        self._own.pop()
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        for statement in node.body:
            for target in getattr(statement, "targets", ()):
                if isinstance(target, ast.Name) and self._program.number(self._path, target.id) is not None:
                    raise LeanError(f"{self._path}: {node.name} has a {target.id} beside the module's")
        node.body = self._block(node.body)
        return node

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        node.test = self.visit(node.test)
        node.body, node.orelse = self._block(node.body), self._block(node.orelse, may_be_empty=True)
        is_taken = self._is_taken(node.test)
        return node if is_taken is None else node.body if is_taken else node.orelse

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        node.test, node.body, node.orelse = (
            self.visit(node.test),
            self.visit(node.body),
            self.visit(node.orelse),
        )
        is_taken = self._is_taken(node.test)
        return node if is_taken is None else node.body if is_taken else node.orelse

    def _is_taken(self, test: ast.expr) -> bool | None:
        """Return whether a condition always holds; None if that is not known."""
        if any(isinstance(part, ast.Name) and self._is_own(part.id) for part in ast.walk(test)):
            return None
        try:
            return bool(self._program.evaluated(test, self._path))
        except _UnknownError:
            return None

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and not self._is_own(node.id):
            return _written(self._program.number(self._path, node.id), node)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and isinstance(node.value, ast.Name):
            module = self._program.modules[self._path].aliases.get(node.value.id)
            if module is not None and not self._is_own(node.value.id):
                return _written(self._program.number(module, node.attr), node)
        return self.generic_visit(node)

    def _block(self, statements: list[ast.stmt], may_be_empty: bool = False) -> list[ast.stmt]:
        """Return a block's statements up to the first that leaves it."""
        written: list[ast.stmt] = []
        for statement in statements:
            new = self.visit(statement)
            written += new if isinstance(new, list) else [new]
            if written and isinstance(written[-1], ast.Return | ast.Raise | ast.Continue | ast.Break):
                break
        return written if written or may_be_empty else [ast.Pass()]


def _written(number: int | None, instead_of: ast.expr) -> ast.AST:
    if number is None:
        return instead_of
    if number < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-number))
    return ast.Constant(number)


class _Finder(_Writer):
    """Finds where a module uses constants, and changes nothing."""

    def __init__(self, program: _Program, path: str) -> None:
        super().__init__(program, path)
        self.uses: list[tuple[ast.expr, int]] = []

    def _noted(self, node: ast.expr, written: ast.AST) -> ast.AST:
        if written is not node:
            self.uses.append((node, ast.literal_eval(ast.unparse(written))))
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return self._noted(node, super().visit_Name(node))

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        return self._noted(node, super().visit_Attribute(node))

    def visit_If(self, node: ast.If) -> ast.AST:
        return self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        return self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        # Before Python 3.12, what stands in one has no place of its own in the source.
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return node


def uses_of_constants(modules: Modules) -> dict[str, list[tuple[ast.expr, int]]]:
    """Return, by the path of each module, where it reads a name that is always the same number, and that number."""
    program = _Program(modules)
    uses = {}
    for path, tree in modules.items():
        finder = _Finder(program, path)
        finder.visit(tree)
        uses[path] = finder.uses
    return uses


def write_out_constants(modules: Modules) -> None:
    """Change the modules in place."""
    program = _Program(modules)
    for path, tree in modules.items():
        modules[path] = ast.fix_missing_locations(_Writer(program, path).visit(tree))
