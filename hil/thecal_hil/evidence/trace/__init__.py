"""The way from published safety requirements and recalls to this pump's own requirements, and from those to the
tests.

``thecal-hil trace`` reads ``docs/requirements.toml`` and the marks in the tests, prints the
matrix, writes it
to ``build/evidence`` and fails where a link of the chain is missing. Nothing is run: whether the tests pass is what
``make test`` says. ``thecal-hil trace-mutants`` runs the mutants of
``docs/requirement_mutants.toml``
against the tests of their requirements.
"""
