"""One module per subcommand of `python -m consumers`: `HELP`, `add_arguments(parser)`, `run(arguments)` -> exit status.

Modules are light to import; what is heavy is imported inside `run`.
"""
