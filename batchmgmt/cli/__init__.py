"""The command line: a module a command group; ``hot`` answers the commands that must start at once."""
